/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.RxQueue;
import io.millrace.TxQueue;

/** A port that prints that it is closed. */
record Announcing(Port port) implements Port {
    @Override
    public String name() {
        return port.name();
    }

    @Override
    public int id() {
        return port.id();
    }

    @Override
    public int queues() {
        return port.queues();
    }

    @Override
    public LinkState link() {
        return port.link();
    }

    @Override
    public RxQueue rx(final int queue) {
        return port.rx(queue);
    }

    @Override
    public TxQueue tx(final int queue) {
        return port.tx(queue);
    }

    @Override
    public void close() {
        port.close();
        System.out.println("port closed");
    }
}

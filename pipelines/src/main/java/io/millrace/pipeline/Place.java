/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;
import io.millrace.RxQueue;
import io.millrace.TxQueue;

import java.util.Objects;

/**
 * What a user placed where. Immutable.
 *
 * @param worker who runs it.
 * @param part   a {@link Node}, a {@link Port}, an {@link RxQueue} or a {@link TxQueue}.
 */
record Place(Worker worker, Object part) {
    Place {
        Objects.requireNonNull(worker, "on which worker?");
        Objects.requireNonNull(part, "what is placed on worker " + worker.name() + "?");
        if (!(part instanceof Node || part instanceof Port || part instanceof RxQueue || part instanceof TxQueue)) {
            throw new WiringException(worker + " cannot run a " + part.getClass().getSimpleName()
                + ": place nodes, ports, and queues as port.rx(0) and port.tx(0)");
        }
    }
}

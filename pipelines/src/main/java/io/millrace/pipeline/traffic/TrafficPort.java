/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.Counters;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.RxQueue;
import io.millrace.TxQueue;

/** The port of a {@link Traffic}: one queue pair, a link that is always up. */
final class TrafficPort implements Port {
    private final String name;
    private final int id;
    private final Generator generator;
    private final Verifier verifier;

    TrafficPort(final Traffic traffic, final PortContext context) {
        name = traffic.name();
        id = context.id();
        final Counters counters = context.counters();
        generator = new Generator(traffic, id, counters.scope("port", name, "rx0"));
        verifier = new Verifier(traffic, id, counters.scope("port", name, "tx0"),
            counters.scope("port", name, "verify"));
    }

    Generator generator() {
        return generator;
    }

    Verifier verifier() {
        return verifier;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int id() {
        return id;
    }

    @Override
    public int queues() {
        return 1;
    }

    @Override
    public LinkState link() {
        return LinkState.UP;
    }

    @Override
    public RxQueue rx(final int queue) {
        return generator;
    }

    @Override
    public TxQueue tx(final int queue) {
        return verifier;
    }

    @Override
    public void close() {
        generator.running(false);
    }
}

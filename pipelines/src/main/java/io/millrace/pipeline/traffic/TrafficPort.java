/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.LinkState;
import io.millrace.PortContext;
import io.millrace.QueuePort;

/** The port of a {@link Traffic}: one queue pair, a link that is always up. */
final class TrafficPort extends QueuePort<Generator, Verifier> {
    TrafficPort(final Traffic traffic, final PortContext context) {
        super(traffic.name(), context);
        addQueues(new Generator(traffic, context.id(), scope("rx0")),
            new Verifier(traffic, context.id(), scope("tx0"), scope("verify")));
    }

    @Override
    public LinkState link() {
        return LinkState.UP;
    }

    @Override
    protected void end() {
        rx(0).running(false);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;
import io.millrace.LinkState;
import io.millrace.Offload;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.QueuePort;

/**
 * A port whose receive queue yields the copies of a {@link Multicast}: port mirroring. Whatever worker polls it pays
 * for it, with frames of its own; the workers that are watched do not notice.
 *
 * <pre>{@code
 * Port mirror = dataplane.open(Mirror.of(multicast));
 * graph.from(mirror).to(tap).place(dataplane.worker("mirror"), mirror, tap);
 * }</pre>
 *
 * <p>A copy is whole or it is dropped: one that is longer than a slot as {@code port/NAME/rx0/drop/truncated}, one that
 * no frame is free for as {@code no-frame}, one that a sender left to be cut as {@code unfinished}. A checksum that its
 * sender left out is filled in on the way to a port that does not do that. Copies that this port was too slow for are
 * counted by its {@link Subscription}, which has the name of the port. The packets are unharmed in any case.
 *
 * <p>Do not mirror what the mirror itself sends: every packet would come again without end.
 *
 * <p>Thread safety: immutable.
 */
public final class Mirror implements PollModeDriver {
    private final Multicast multicast;
    private final String name;

    private Mirror(final Multicast multicast, final String name) {
        this.multicast = multicast;
        this.name = name;
    }

    /** A port named {@code mirror}. */
    public static Mirror of(final Multicast multicast) {
        return new Mirror(multicast, "mirror");
    }

    /** The same under another name. */
    public Mirror named(final String portName) {
        if (!portName.matches("[A-Za-z0-9._-]+")) {
            throw new ConfigurationException(
                "\"" + portName + "\" is no name for a port: use letters, digits, '.', '_', '-'");
        }
        return new Mirror(multicast, portName);
    }

    @Override
    public Port open(final PortContext context) {
        return new MirrorPort(multicast.subscribe(name), name, context);
    }

    /** One queue pair, of which only one direction is of use. */
    private static final class MirrorPort extends QueuePort<MirrorRxQueue, MirrorTxQueue> {
        private final Subscription subscription;

        MirrorPort(final Subscription subscription, final String name, final PortContext context) {
            super(name, context);
            this.subscription = subscription;
            addQueues(new MirrorRxQueue(subscription, context.id(), scope("rx0")), new MirrorTxQueue(scope("tx0")));
        }

        @Override
        public LinkState link() {
            return LinkState.UP;
        }

        @Override
        public int rxOffloads() {
            return Offload.CSUM;
        }

        @Override
        protected void end() {
            subscription.close();
        }
    }
}

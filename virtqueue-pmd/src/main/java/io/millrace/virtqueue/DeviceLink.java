/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.LinkState;
import io.millrace.PortContext;
import io.millrace.linux.EventSignal;
import io.millrace.linux.LinuxException;
import io.millrace.linux.UnixSocket;

/**
 * The life of a vhost-user port on the control loop: find a front-end, serve it in a {@link VhostSession}, and begin
 * again when that has ended, without end.
 *
 * <pre>
 *             connected or accepted               a pair of rings runs and is enabled
 *   SEARCHING ---------------------&gt; SESSION, down &lt;-----------------------&gt; SESSION, up
 *       ^                               |                                         |
 *       |  workers have let go          v        peer gone, violation             |
 *       +--------------------------- ENDING &lt;-------------------------------------+
 * </pre>
 *
 * <p>One session at a time. A second front-end that connects is sent away, unless the first has just gone.
 *
 * <p>Thread safety: control loop only, but for {@link #state()} and {@link #offloads()}.
 */
final class DeviceLink implements VhostSession.Owner, Rendezvous.Host {
    private final VhostUser config;
    private final PortContext context;
    private final VhostUserPort port;
    private final RingSlot[] slots;
    private final ControlLoop control;
    private final SessionLog log;
    private volatile LinkState state = LinkState.DOWN;
    private volatile int offloads;
    private final Rendezvous rendezvous;
    private VhostSession session;
    private String downReason = "the front-end has stopped the rings";
    private EventSignal errors;
    private boolean isClosed;

    /**
     * @param slots filled in by the port before {@link #open}.
     */
    DeviceLink(final VhostUser config, final PortContext context, final VhostUserPort port, final RingSlot[] slots) {
        this.config = config;
        this.context = context;
        this.port = port;
        this.slots = slots;
        this.control = context.control();
        this.log = new SessionLog(config.name(), context.counters());
        this.rendezvous = new Rendezvous(config.path(), config.isServer(), control, log, this);
    }

    /** The state of the link. Any thread. */
    LinkState state() {
        return state;
    }

    /** What packets for the guest may leave to be done, until another one connects. Any thread. */
    int offloads() {
        return offloads;
    }

    /**
     * Begins to look for a front-end.
     *
     * @throws ConfigurationException if the port is to listen and cannot.
     */
    void open() {
        rendezvous.open();
    }

    @Override
    public void onMet(final UnixSocket socket) {
        if (session == null) {
            begin(socket);
        } else {
            log.refused();
            socket.close();
        }
    }

    /**
     * Not while it cannot be said yet if a second front-end is to be sent away: one that was restarted may be here
     * before the end of its old connection has been read, or before the slots are vacant.
     */
    @Override
    public boolean isAtHome() {
        final boolean isBusy = session != null && !session.poll();
        // Polling may have ended it, to the last step.
        return !isBusy || session == null;
    }

    private void begin(final UnixSocket socket) {
        try {
            session = new VhostSession(control, socket, new VhostDevice(config.offer(), slots,
                context.counters().scope("port", config.name(), "iommu")), this);
        } catch (final LinuxException e) {
            socket.close();
            throw e;
        }
        log.accepted();
    }

    @Override
    public void onRings() {
        if (session == null || session.isEnding()) {
            return;
        }
        rendezvous.listen();
        offloads = session.device().guestOffloads();
        boolean isUp = false;
        for (int q = 0; q < config.offer().queues(); q++) {
            isUp |= session.device().isPairUp(q);
        }
        if (isUp) {
            rendezvous.succeeded();
            announce(LinkState.UP, "the front-end has started the rings");
        } else {
            announce(LinkState.DOWN, downReason);
        }
        downReason = "the front-end has stopped the rings";
    }

    @Override
    public void onEnding(final SessionEnd why) {
        log.ended(why);
        if (why.isFault() && state == LinkState.DOWN) {
            // Nothing changes, and yet somebody was sent away.
            context.listener().onLink(port, state, why.sentence());
        } else {
            announce(LinkState.DOWN, why.sentence());
        }
    }

    @Override
    public void onEnded() {
        session = null;
        if (isClosed) {
            return;
        }
        if (config.isServer()) {
            rendezvous.listen();
        } else {
            rendezvous.again();
        }
    }

    /** The worker has given up on a ring. */
    void onBroken(final int index, final RejectReason reason) {
        log.broken(index, reason);
        final VhostSession victim = session;
        if (victim == null) {
            return;
        }
        downReason = "the guest broke ring " + index + ": " + reason.counterName();
        if (victim.onBroken(index, reason) && !victim.isEnding()) {
            signalError(victim.device().ring(index));
        }
    }

    /** The worker needs addresses from the front-end's IOMMU. */
    void onMisses(final int index) {
        if (session == null) {
            slots[index].misses().forget();
        } else {
            session.onMisses(index);
        }
    }

    private void signalError(final Vring ring) {
        if (ring.err() != null) {
            if (errors == null) {
                errors = EventSignal.open();
            }
            errors.signal(ring.err().number());
        }
    }

    private void announce(final LinkState now, final String reason) {
        if (now != state) {
            state = now;
            context.listener().onLink(port, now, reason);
        }
    }

    /**
     * Ends everything. Asked again until it is over.
     *
     * @return whether it is.
     */
    boolean close() {
        if (!isClosed) {
            isClosed = true;
            rendezvous.close();
            if (session != null) {
                session.end(SessionEnd.PORT_CLOSED);
            }
        }
        if (session != null) {
            return false;
        }
        if (errors != null) {
            errors.close();
            errors = null;
        }
        return true;
    }
}

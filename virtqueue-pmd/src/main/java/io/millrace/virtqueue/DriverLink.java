/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.FrameCache;
import io.millrace.LinkState;
import io.millrace.PortContext;
import io.millrace.linux.LinuxException;
import io.millrace.linux.UnixSocket;

import java.time.Duration;

/**
 * The life of a virtio-user port on the control loop: find a back-end, run a {@link DriverSession} with it, take the
 * rings back when it ends, and begin again.
 *
 * <pre>
 *             connected or accepted           handshake done
 *   SEARCHING ---------------------> SESSION ---------------> SESSION, link up
 *       ^                               | ends: peer gone, violation, broken ring
 *       |   back-off                    v
 *       +--------------------------- DRAINING: every worker lets go of its ring
 * </pre>
 *
 * <p>Thread safety: control loop only, but for {@link #state()} and {@link #offloads()}.
 */
final class DriverLink implements Rendezvous.Host {
    private static final Duration DRAIN_POLL = Duration.ofMillis(1);
    private static final long LATE_NS = 1_000_000_000L;
    // How long a back-end has to take what was sent before the port was closed.
    private static final long LAST_PACKETS_NS = 100_000_000L;

    private final VirtioUser config;
    private final PortContext context;
    private final VirtioUserPort port;
    private final DriverSlot[] slots;
    private final ControlLoop control;
    private final FrameCache frames;
    private final SessionLog log;
    private volatile LinkState state = LinkState.DOWN;
    private volatile int offloads;
    private final Search search;
    private DriverSession session;
    private ControlLoop.Timer timer;
    private String lastReason = "";
    private long drainingSinceNs;
    private boolean isLateKnown;
    private boolean isClosed;

    DriverLink(final VirtioUser config, final PortContext context, final VirtioUserPort port,
               final DriverSlot[] slots) {
        this.config = config;
        this.context = context;
        this.port = port;
        this.slots = slots;
        this.control = context.control();
        this.frames = context.pool().cache(config.name() + " control");
        this.log = new SessionLog(config.name(), context.counters());
        this.search = config.tap() == null
            ? new Rendezvous(config.path(), config.isServer(), control, log, this)
            : new TapSearch(config, control, log, this);
    }

    LinkState state() {
        return state;
    }

    /** What packets for the back-end may leave to be done, until there is another one. Any thread. */
    int offloads() {
        return offloads;
    }

    /**
     * Begins to look for a back-end.
     *
     * @throws ConfigurationException if it is to listen and cannot, or the kernel is the back-end and refuses.
     */
    void open() {
        search.open();
    }

    /** One session at a time; the next back-end waits. */
    @Override
    public boolean isAtHome() {
        return session == null;
    }

    @Override
    public void onMet(final UnixSocket socket) {
        try {
            begin(owner -> new SocketBackEnd(config, control, new MessageChannel(socket), owner));
        } catch (final LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Begins a session with a back-end that was found.
     *
     * @throws LinuxException if it cannot be made, or there are no resources for it.
     */
    void begin(final BackEnd.Maker maker) {
        try {
            session = new DriverSession(config, context, slots, maker);
        } catch (final LinuxException e) {
            announce(LinkState.DOWN, e.getMessage());
            throw e;
        }
        log.accepted();
        session.start(this::onUp, this::end);
    }

    private void onUp() {
        offloads = OffloadFeatures.host(session.features());
        search.succeeded();
        announce(LinkState.UP, "the back-end is ready");
    }

    /** A worker found that the back-end broke a ring; it holds that ring no more. */
    void onFault(final String queue, final BackEndFault fault) {
        log.malformed(queue, fault.counter());
        // The other rings of that session may be found broken too, a moment later.
        if (session != null && state == LinkState.UP) {
            interrupt(new SessionEnd("broken/" + fault.counter(), fault.sentence(), true));
        }
    }

    /** What the session needs is there no more. If there is none, only this is said. */
    void interrupt(final SessionEnd why) {
        if (session != null && state == LinkState.UP) {
            session.disconnect();
            end(why);
        } else {
            say(why);
        }
    }

    private void say(final SessionEnd why) {
        log.ended(why);
        final LinkState now = why == SessionEnd.DEVICE_GONE ? LinkState.GONE : LinkState.DOWN;
        if (state != now || !why.sentence().equals(lastReason)) {
            announce(now, why.sentence());
        }
    }

    private void end(final SessionEnd why) {
        say(why);
        if (!isClosed) {
            drainingSinceNs = System.nanoTime();
            isLateKnown = false;
            awaitRings();
        }
    }

    private void awaitRings() {
        timer = null;
        boolean isDone = true;
        for (final DriverSlot slot : slots) {
            isDone &= slot.recall(frames);
        }
        if (isDone) {
            frames.close();
            session.close();
            session = null;
            search.again();
            return;
        }
        if (!isLateKnown && System.nanoTime() - drainingSinceNs > LATE_NS) {
            // Nothing to do about it but to say why the link stays down: the ring's memory is in use.
            isLateKnown = true;
            log.ended(SessionEnd.WORKER_LATE);
        }
        timer = control.after(DRAIN_POLL, this::awaitRings);
    }

    private void announce(final LinkState now, final String reason) {
        state = now;
        lastReason = reason;
        context.listener().onLink(port, now, reason);
    }

    /**
     * Lets the back-end take what was sent, for a bounded time, then asks it to stop all rings, and calls {@code then}
     * when it has, or when it is gone. No worker polls the queues any more.
     */
    void stop(final Runnable then) {
        stop(then, System.nanoTime());
    }

    private void stop(final Runnable then, final long startNs) {
        if (session == null || state != LinkState.UP) {
            then.run();
        } else if (!drain() && System.nanoTime() - startNs < LAST_PACKETS_NS) {
            timer = control.after(DRAIN_POLL, () -> stop(then, startNs));
        } else {
            session.stop(() -> {
                // A back-end returns what it has taken before it says that a ring has stopped.
                drain();
                then.run();
            });
        }
    }

    private boolean drain() {
        boolean isDone = true;
        for (final DriverSlot slot : slots) {
            isDone &= slot.drain(frames);
        }
        return isDone;
    }

    /** Ends everything. No worker polls the queues any more. */
    void close() {
        isClosed = true;
        if (timer != null) {
            timer.cancel();
        }
        search.close();
        if (session != null) {
            session.disconnect();
            for (final DriverSlot slot : slots) {
                slot.seize(frames);
            }
            session.close();
            session = null;
        }
        frames.close();
        if (state == LinkState.UP) {
            log.ended(SessionEnd.PORT_CLOSED);
            announce(LinkState.DOWN, SessionEnd.PORT_CLOSED.sentence());
        }
    }
}

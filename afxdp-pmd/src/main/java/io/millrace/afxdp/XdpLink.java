/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ControlLoop;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DataplaneException;
import io.millrace.DeviceWatch;
import io.millrace.FrameCache;
import io.millrace.LinkState;
import io.millrace.PortContext;
import io.millrace.Slot;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of an AF_XDP port on the control loop: one {@link XdpSession} after the other, and how the link is.
 *
 * <pre>
 *              device there, opened                     deleted, socket failed
 *   WAITING -------------------------&gt; SESSION ------------------------------------+
 *      ^                                 |  ^  up, down, program lost and attached    |
 *      |   a second later, or when a     +--+  again: the gate opens and closes       v
 *      |   device of the name appears                                             DRAINING: every worker lets go of
 *      +--- sockets closed, then frames freed &lt;---------------------------------- its rings
 * </pre>
 *
 * <p>The order of the end matters: as long as a socket is open the kernel may write to its frames.
 *
 * <p>Thread safety: control loop only, but for {@link #state()}.
 */
final class XdpLink implements DeviceWatch.Listener {
    private static final Logger LOG = LoggerFactory.getLogger("io.millrace.afxdp");
    private static final Duration DRAIN_POLL = Duration.ofMillis(1);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final AfXdp config;
    private final PortContext context;
    private final AfXdpPort port;
    private final Gate gate;
    private final ControlLoop control;
    private final FrameCache frames;
    private final Counter linkChanges;
    private final Counter reopened;
    private final Counter reattached;
    private final Counter unsent;
    private volatile LinkState state = LinkState.DOWN;
    private NetNamespace namespace;
    private DeviceWatch watch;
    private XdpSession session;
    private HealthCheck health;
    private ControlLoop.Timer timer;
    private String lastReason = "";
    private boolean isLosingPackets;
    private boolean isDraining;
    private boolean isDeviceThere;
    private boolean isClosed;

    XdpLink(final AfXdp config, final PortContext context, final AfXdpPort port, final Gate gate) {
        this.config = config;
        this.context = context;
        this.port = port;
        this.gate = gate;
        this.control = context.control();
        this.frames = context.pool().cache(config.name() + " control");
        final Counters.Scope scope = context.counters().scope("port", config.name());
        linkChanges = scope.counter("link-changes");
        reopened = scope.counter("reopened");
        reattached = scope.counter("reattached");
        unsent = scope.counter("unsent");
    }

    LinkState state() {
        return state;
    }

    /** What the port stands on now; null while there is nothing. */
    XdpSession session() {
        return session;
    }

    /**
     * Opens the device for the first time.
     *
     * @throws DataplaneException if it is not there, or the description cannot be met.
     * @throws LinuxException     with EBUSY if a queue has a socket, perhaps one that was closed a moment ago.
     */
    void open() {
        try {
            namespace = config.namespace() == null ? null : NetNamespace.open(config.namespace());
            watch = DeviceWatch.open(control, namespace, config.device(), this);
            final NetInterface device = watch.device();
            if (device == null) {
                throw Refusal.noDevice(config);
            }
            session = openSession(device, config.queues());
        } catch (final RuntimeException e) {
            closeWatch();
            throw e;
        }
    }

    /** Hands the rings to the queues, which exist now, and says how the link is. */
    void start() {
        begin();
        look(watch.device());
    }

    private XdpSession openSession(final NetInterface device, final int queues) {
        return NetNamespace.in(namespace, () -> XdpSession.open(config, context.pool(), device, queues, frames));
    }

    private void begin() {
        isDeviceThere = true;
        isLosingPackets = false;
        for (int q = 0; q < port.queues(); q++) {
            port.rxSlot(q).offer(session.rx(q));
            if (session.tx(q) != null) {
                port.txSlot(q).offer(session.tx(q));
            }
        }
        LOG.info("{}: {} with {} queues, mode {}{}", config.name(), config, session.queues(), session.mode(),
            session.isMultiBuffer() ? ", packets of several buffers" : "");
        health = new HealthCheck(control, this, port.kernelCounters());
        health.start();
    }

    @Override
    public void onChange(final NetInterface device) {
        // While the port is being opened nobody is told: the opener finds out by itself.
        if (isClosed || watch == null) {
            return;
        }
        if (session == null) {
            retry();
        } else if (!isDraining && device.index() != session.device().index()) {
            end(LinkState.GONE, "the device was replaced by another of its name", false);
        } else if (!isDraining) {
            look(device);
        }
    }

    @Override
    public void onGone() {
        if (isClosed || watch == null) {
            return;
        }
        if (session != null && !isDraining) {
            end(LinkState.GONE, "the device was deleted or moved away", false);
        } else {
            isDeviceThere = false;
            announce(LinkState.GONE, "the device was deleted or moved away");
        }
    }

    private void look(final NetInterface device) {
        if (device == null) {
            return;
        }
        if (isLosingPackets) {
            shut(LinkState.DOWN, "somebody took the XDP program off the device");
        } else if (!device.isUp()) {
            shut(LinkState.DOWN, "the device is switched off (ip link set " + device.name() + " up)");
        } else if (!device.hasCarrier()) {
            shut(LinkState.DOWN, "the device has no carrier: nothing is at its other end, or that is switched off");
        } else {
            gate.open(device.mtu());
            announce(LinkState.UP, "the device is up");
        }
    }

    private void shut(final LinkState now, final String reason) {
        gate.close();
        announce(now, reason);
    }

    private void announce(final LinkState now, final String reason) {
        if (state == now && reason.equals(lastReason)) {
            return;
        }
        final boolean isChange = state != now;
        state = now;
        lastReason = reason;
        if (isChange) {
            linkChanges.increment();
        }
        context.listener().onLink(port, now, reason);
    }

    /** A worker found that the kernel's rings make no sense, or that nothing goes out by them any more. */
    void onBroken() {
        if (session != null && !isDraining && !isClosed) {
            end(LinkState.DOWN, "a socket of the device failed", true);
        }
    }

    /** The health check found a socket that has failed. */
    void onSocketError(final String reason) {
        if (!isDraining) {
            end(LinkState.DOWN, reason, true);
        }
    }

    /** The health check found that no packets come here any more. */
    void onDetached() {
        if (!isLosingPackets) {
            isLosingPackets = true;
            LOG.warn("{}: somebody took the XDP program off {}", config.name(), config.device());
            look(watch.device());
        }
        if (!config.isReopening()) {
            return;
        }
        try {
            NetNamespace.in(namespace, () -> {
                session.reattach();
                return null;
            });
        } catch (final DataplaneException | LinuxException e) {
            shut(LinkState.DOWN, e.getMessage());
            return;
        }
        isLosingPackets = false;
        reattached.increment();
        look(watch.device());
    }

    /** How many queues the device has in use. */
    int queuesOfDevice() {
        return NetNamespace.in(namespace, session::queuesOfDevice);
    }

    String name() {
        return config.name();
    }

    private void end(final LinkState now, final String reason, final boolean isThere) {
        LOG.warn("{}: {}", config.name(), reason);
        isDeviceThere = isThere;
        isDraining = true;
        health.stop();
        shut(now, reason);
        drain();
    }

    private void drain() {
        timer = null;
        boolean isDone = true;
        for (int q = 0; q < port.queues(); q++) {
            isDone &= port.rxSlot(q).recall();
            isDone &= port.txSlot(q).recall();
        }
        if (!isDone) {
            timer = control.after(DRAIN_POLL, this::drain);
            return;
        }
        finish();
        isDraining = false;
        if (config.isReopening()) {
            retryLater();
            if (watch.device() != null && !isDeviceThere) {
                timer.cancel();
                retry();
            }
        }
    }

    /** No worker has the rings: closes the sockets, and then frees the frames. */
    private void finish() {
        if (health != null) {
            health.stop();
            health.update();
        }
        unsent.add(NetNamespace.in(namespace, () -> {
            session.close(isDeviceThere);
            return session.reclaim(frames);
        }));
        session = null;
    }

    private void retryLater() {
        timer = control.after(RETRY, this::retry);
    }

    private void retry() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        final NetInterface device = watch.device();
        if (session != null || device == null || !config.isReopening()) {
            return;
        }
        try {
            session = openSession(device, port.queues());
        } catch (final DataplaneException e) {
            announce(LinkState.DOWN, e.getMessage());
        } catch (final LinuxException e) {
            announce(LinkState.DOWN, Refusal.of(config, e).getMessage());
        }
        if (session == null) {
            retryLater();
            return;
        }
        reopened.increment();
        begin();
        look(watch.device());
    }

    /** Ends everything. No worker polls the queues any more. */
    void close() {
        isClosed = true;
        gate.close();
        if (timer != null) {
            timer.cancel();
        }
        if (session != null) {
            port.slots().forEach(Slot::seize);
            finish();
        }
        closeWatch();
        if (state == LinkState.UP) {
            announce(LinkState.DOWN, "the port was closed");
        }
    }

    private void closeWatch() {
        if (watch != null) {
            watch.close();
        }
        if (namespace != null) {
            namespace.close();
        }
        frames.close();
    }
}

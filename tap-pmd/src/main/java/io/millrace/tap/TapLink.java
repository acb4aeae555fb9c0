/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DeviceWatch;
import io.millrace.LinkState;
import io.millrace.PortContext;
import io.millrace.Slot;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The life of a tap port on the control loop: follows the device, takes it from the workers when it is deleted, and
 * opens it again.
 *
 * <pre>
 *            deleted              workers have let go            there again, or made again
 *   OPEN -------------&gt; DRAINING --------------------&gt; WAITING ------------------------------&gt; OPEN
 *    ^ | moved: followed
 *    +-+
 * </pre>
 *
 * <p>Thread safety: control loop only, but for the constructor, {@link #state()} and {@link #isByUring()}.
 */
final class TapLink implements DeviceWatch.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(TapLink.class);
    private static final Duration DRAIN_POLL = Duration.ofMillis(1);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final Settings settings;
    private final PortContext context;
    private final TapPort port;
    private final NetNamespace home;
    private final List<Slot<TapQueue>> slots;
    private final RingOpener rings;
    private final List<TapQueue> queues = new ArrayList<>();
    private final int offloads;
    private final Counter changes;
    private final Counter reopened;
    private TapDevice device;
    private DeviceWatch watch;
    private ControlLoop.Timer timer;
    private Phase phase = Phase.OPEN;
    private String lastFailure = "";
    private boolean isBlind;
    private volatile LinkState state = LinkState.DOWN;
    private volatile boolean isByUring;

    private enum Phase { OPEN, DRAINING, WAITING, CLOSED }

    /**
     * A link.
     *
     * @param home   where the device belongs, null for the process's own namespace. Owned from now on.
     * @param device open already. Owned from now on.
     * @param slots  receive and transmit of queue 0, then of queue 1, and so on.
     */
    TapLink(final Settings settings, final PortContext context, final TapPort port, final NetNamespace home,
            final TapDevice device, final List<Slot<TapQueue>> slots) {
        this.settings = settings;
        this.context = context;
        this.port = port;
        this.home = home;
        this.device = device;
        this.slots = slots;
        offloads = device.offloads();
        final Counters.Scope scope = context.counters().scope("port", settings.name);
        rings = new RingOpener(settings, scope.counter("without-uring"));
        changes = scope.counter("link-changes");
        reopened = scope.counter("reopened");
    }

    LinkState state() {
        return state;
    }

    boolean isByUring() {
        return isByUring;
    }

    /**
     * Hands the device to the workers and begins to follow it.
     *
     * @throws ConfigurationException if it is to be used by io_uring and cannot.
     */
    void open() {
        connect();
        follow(home, device.name());
    }

    private void connect() {
        // Until the watch has told more: an MTU that any packet is below.
        final int mtu = device.now() == null ? Tap.MAX_MTU : device.now().mtu();
        for (int i = 0; i < slots.size(); i++) {
            queues.add(rings.open(device.queues().get(i / 2).fd(), i % 2 == 0, mtu, this::onBroken));
        }
        for (int i = 0; i < slots.size(); i++) {
            slots.get(i).offer(queues.get(i));
        }
        isByUring = queues.get(0).ring() != null;
        isBlind = device.now() == null;
        if (isBlind) {
            announce(LinkState.UP, "the device is open, and too far away to be watched");
        } else {
            show(device.now());
        }
    }

    private void follow(final NetNamespace namespace, final String name) {
        if (watch != null) {
            watch.close();
            watch = null;
        }
        if (!isBlind && name != null) {
            watch = DeviceWatch.open(context.control(), namespace, name, this);
        }
    }

    /** On the worker: the descriptor is dead. The watch says so too, where there is one. */
    private void onBroken() {
        context.control().execute(() -> {
            if (phase == Phase.OPEN && device.name() == null) {
                gone();
            }
        });
    }

    @Override
    public void onChange(final NetInterface now) {
        if (phase == Phase.OPEN && !isBlind) {
            show(now);
        } else if (phase == Phase.WAITING) {
            reopen();
        }
    }

    private void show(final NetInterface now) {
        queues.forEach(queue -> queue.mtu(now.mtu()));
        if (!now.isUp()) {
            announce(LinkState.DOWN, "the interface is down");
        } else if (!now.hasCarrier()) {
            announce(LinkState.DOWN, "the interface has no carrier");
        } else {
            announce(LinkState.UP, "the interface is up");
        }
    }

    @Override
    public void onGone() {
        if (phase != Phase.OPEN) {
            return;
        }
        final String name = device.name();
        if (name == null) {
            gone();
            return;
        }
        try (NetNamespace elsewhere = device.namespace()) {
            isBlind = elsewhere == null;
            follow(elsewhere, name);
        } catch (final LinuxException e) {
            isBlind = true;
        }
        LOG.info("{}: {} has moved to another network namespace{}", settings.name, name,
            isBlind ? ", which this process may not look into" : " and is followed there");
    }

    private void gone() {
        phase = Phase.DRAINING;
        announce(LinkState.GONE, "the interface was deleted");
        drain();
    }

    private void drain() {
        timer = null;
        boolean isDone = true;
        for (final Slot<TapQueue> slot : slots) {
            isDone &= slot.recall();
        }
        if (!isDone) {
            timer = context.control().after(DRAIN_POLL, this::drain);
            return;
        }
        disconnect();
        phase = Phase.WAITING;
        isBlind = false;
        if (settings.comesBack) {
            // At home: it may have been deleted elsewhere. If one is there already, this opens it.
            follow(home, settings.device);
            // Also if it is there and refused itself just now: no news need come of it.
            final boolean isThere = watch != null && watch.device() != null;
            if (phase == Phase.WAITING && timer == null && (isThere || !settings.mustExist)) {
                timer = context.control().after(PAUSE, this::reopen);
            }
        }
    }

    private void disconnect() {
        queues.forEach(TapQueue::close);
        queues.clear();
        device.close();
    }

    private void reopen() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        try {
            device = open(new DeviceOpener(settings, offloads));
        } catch (final ConfigurationException e) {
            retry(e.getMessage());
            return;
        }
        phase = Phase.OPEN;
        try {
            connect();
        } catch (final ConfigurationException e) {
            // No worker has seen any of it yet: slots are filled last.
            disconnect();
            retry(e.getMessage());
            return;
        }
        lastFailure = "";
        reopened.increment();
    }

    private TapDevice open(final DeviceOpener opener) {
        final TapDevice opened = opener.open(home);
        if (opened.offloads() != offloads) {
            opened.close();
            throw new ConfigurationException("the kernel grants other offloads than before");
        }
        return opened;
    }

    private void retry(final String failure) {
        phase = Phase.WAITING;
        if (!failure.equals(lastFailure)) {
            lastFailure = failure;
            LOG.warn("{} does not come back: {}; tried again every second", settings.name, failure);
        }
        if (!settings.mustExist || watch != null && watch.device() != null) {
            timer = context.control().after(PAUSE, this::reopen);
        }
    }

    private void announce(final LinkState now, final String reason) {
        if (state != now) {
            state = now;
            changes.increment();
            context.listener().onLink(port, now, reason);
        }
    }

    /** Ends everything. No worker polls the queues any more. Idempotent. */
    void close() {
        if (phase == Phase.CLOSED) {
            return;
        }
        final boolean isOpen = phase == Phase.OPEN || phase == Phase.DRAINING;
        phase = Phase.CLOSED;
        if (timer != null) {
            timer.cancel();
        }
        if (watch != null) {
            watch.close();
        }
        slots.forEach(Slot::seize);
        if (isOpen) {
            device.restore(home);
            disconnect();
        }
        if (home != null) {
            home.close();
        }
        if (state == LinkState.UP) {
            announce(LinkState.DOWN, "the port was closed");
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.DeviceWatch;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import io.millrace.linux.VhostNet;

import java.time.Duration;

/**
 * Keeps the tap device of a vhost-net port, which outlives the sessions: there is one while the interface is up. A
 * device that was deleted is made again a second later, one that was moved to another network namespace is followed.
 *
 * <p>Thread safety: control loop only.
 */
final class TapSearch implements Search, DeviceWatch.Listener {
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final VirtioUser config;
    private final ControlLoop control;
    private final SessionLog log;
    private final DriverLink link;
    private TapQueues tap;
    private DeviceWatch watch;
    private ControlLoop.Timer timer;
    private boolean isUp;

    TapSearch(final VirtioUser config, final ControlLoop control, final SessionLog log, final DriverLink link) {
        this.config = config;
        this.control = control;
        this.log = log;
        this.link = link;
    }

    @Override
    public void open() {
        try {
            // Before the device, so that none is left behind where this is missing.
            VhostNet.open().close();
            openTap();
        } catch (final LinuxException e) {
            close();
            throw new ConfigurationException(config + ": " + e.getMessage());
        }
    }

    private void openTap() {
        tap = TapQueues.open(config);
        follow(null, tap.name());
    }

    private void follow(final NetNamespace namespace, final String name) {
        if (watch != null) {
            watch.close();
            watch = null;
        }
        if (name != null) {
            watch = DeviceWatch.open(control, namespace, name, this);
        }
    }

    @Override
    public void onChange(final NetInterface now) {
        final boolean wasUp = isUp;
        isUp = now.isUp() && now.hasCarrier();
        if (isUp && timer == null) {
            begin();
        } else if (wasUp && !isUp) {
            link.interrupt(SessionEnd.INTERFACE_DOWN);
        }
    }

    @Override
    public void onGone() {
        final String name = tap.name();
        if (name != null) {
            try (NetNamespace elsewhere = tap.namespace()) {
                follow(elsewhere, name);
            } catch (final LinuxException e) {
                // Out of sight, and still connected.
                log.failed(e);
            }
            return;
        }
        link.interrupt(SessionEnd.DEVICE_GONE);
        letGo();
        again();
    }

    private void begin() {
        if (!isUp || !link.isAtHome()) {
            return;
        }
        try {
            link.begin(owner -> new KernelBackEnd(config, tap, owner));
        } catch (final LinuxException e) {
            log.failed(e);
            again();
        }
    }

    @Override
    public void again() {
        if (timer != null) {
            timer.cancel();
        }
        timer = control.after(PAUSE, this::look);
    }

    private void look() {
        timer = null;
        try {
            if (tap == null) {
                openTap();
            }
        } catch (final LinuxException e) {
            letGo();
            log.unreachable(e);
            again();
            return;
        }
        begin();
    }

    @Override
    public void succeeded() {
        // The next pause is as long as every other.
    }

    private void letGo() {
        follow(null, null);
        isUp = false;
        if (tap != null) {
            tap.close();
            tap = null;
        }
    }

    @Override
    public void close() {
        if (timer != null) {
            timer.cancel();
        }
        letGo();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import io.millrace.linux.Epoll;
import io.millrace.linux.Interfaces;
import io.millrace.linux.LinkMonitor;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;

/**
 * Follows one network interface: up, down, changed, gone, there again. It says how things are, not what has happened,
 * and of several changes at once it may tell only the outcome. But a device that was deleted and made anew is always
 * told of as gone before.
 *
 * <p>Thread safety: control loop only.
 */
public final class DeviceWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceWatch.class);
    private static final Duration BEFORE_ASKING_AGAIN = Duration.ofMillis(100);

    private final ControlLoop loop;
    private final String name;
    private final Listener listener;
    private final Interfaces interfaces;
    private final LinkMonitor monitor;
    private final News news = new News();
    private ControlLoop.Watch watch;
    private ControlLoop.Timer retry;
    private NetInterface device;
    private boolean isStale;
    private boolean isGone;
    private boolean isClosed;

    private DeviceWatch(final ControlLoop loop, final String name, final Listener listener,
        final LinkMonitor monitor, final Interfaces interfaces) {
        this.loop = loop;
        this.name = name;
        this.listener = listener;
        this.monitor = monitor;
        this.interfaces = interfaces;
    }

    /** Hears about the device, on the control loop. May close the watch. */
    public interface Listener {
        /**
         * The device is there, and this is how it is now. Called first from within {@link #open} if it is there, and
         * then whenever anything in the record has changed, its name included: a device that is renamed stays the
         * same one. One that has come back has another index, or was gone in between.
         */
        void onChange(NetInterface device);

        /** The device was deleted or has moved to another namespace. If one of that name appears, it is followed. */
        void onGone();
    }

    /**
     * Starts following. Loop only.
     *
     * @param namespace where it is; null for the namespace of the process. Stays the caller's and may be closed.
     * @param name      it need not exist yet.
     * @throws LinuxException if the kernel cannot be asked.
     */
    public static DeviceWatch open(final ControlLoop loop, final NetNamespace namespace, final String name,
        final Listener listener) {
        final DeviceWatch watch = NetNamespace.in(namespace, () -> {
            final LinkMonitor opened = LinkMonitor.open();
            try {
                return new DeviceWatch(loop, name, listener, opened, Interfaces.open());
            } catch (final RuntimeException e) {
                opened.close();
                throw e;
            }
        });
        try {
            watch.watch = loop.watch(watch.monitor.fd(), Epoll.IN, events -> watch.hear());
            watch.look();
        } catch (final RuntimeException e) {
            watch.close();
            throw e;
        }
        return watch;
    }

    /** The device as it was last told about; null while it is gone. */
    public NetInterface device() {
        return device;
    }

    private void hear() {
        if (isClosed) {
            return;
        }
        if (!monitor.drain(news)) {
            loop.execute(this::hear);
        }
        // First of all, for another device may have come with the same index meanwhile.
        if (isGone && device != null) {
            gone();
        }
        isGone = false;
        if (isStale && !isClosed) {
            lookAgain();
        }
    }

    /** Only takes notes: the real listener may close the watch, and with it what is being drained. */
    private final class News implements LinkMonitor.Listener {
        @Override
        public void onLink(final int index, final String itsName) {
            isStale |= device == null ? itsName.equals(name) : index == device.index();
        }

        @Override
        public void onGone(final int index) {
            if (device != null && index == device.index()) {
                isGone = true;
                isStale = true;
            }
        }

        @Override
        public void onLost() {
            isStale = true;
        }
    }

    private void lookAgain() {
        try {
            look();
        } catch (final LinuxException e) {
            LOG.warn("{}: {}; asking again", name, e.getMessage());
            if (retry == null) {
                retry = loop.after(BEFORE_ASKING_AGAIN, () -> {
                    retry = null;
                    lookAgain();
                });
            }
        }
    }

    private void look() {
        NetInterface now = device == null ? null : interfaces.find(device.index());
        if (device != null && now == null) {
            gone();
        }
        if (device == null && !isClosed) {
            now = interfaces.find(name);
        }
        isStale = false;
        if (now != null && !isClosed && !now.equals(device)) {
            device = now;
            listener.onChange(now);
        }
    }

    private void gone() {
        device = null;
        listener.onGone();
    }

    /** Follows it no more: the listener hears nothing from now on. Idempotent. */
    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        if (watch != null) {
            watch.close();
        }
        if (retry != null) {
            retry.cancel();
        }
        monitor.close();
        interfaces.close();
    }
}

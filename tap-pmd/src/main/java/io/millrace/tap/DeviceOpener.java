/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.ConfigurationException;
import io.millrace.TunOffloads;
import io.millrace.linux.Errno;
import io.millrace.linux.Fd;
import io.millrace.linux.Interfaces;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import io.millrace.linux.TunDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;

/**
 * Makes or attaches to the device that settings describe, and says in a sentence why it cannot.
 *
 * <p>Thread safety: none; for one opening.
 */
final class DeviceOpener {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceOpener.class);
    private static final String KIND = "tun";

    private final Settings settings;
    private final int offloads;

    /**
     * An opener.
     *
     * @param offloads to ask for: those of the settings, or what was granted the first time.
     */
    DeviceOpener(final Settings settings, final int offloads) {
        this.settings = settings;
        this.offloads = offloads;
    }

    /**
     * Opens it.
     *
     * @param namespace where; null for the process's own.
     * @throws ConfigurationException if it cannot be as described.
     */
    TapDevice open(final NetNamespace namespace) {
        try {
            return NetNamespace.in(namespace, () -> {
                try (Interfaces interfaces = Interfaces.open()) {
                    return settings.given.isEmpty() ? openNamed(interfaces) : adopt(interfaces);
                }
            });
        } catch (final LinuxException e) {
            throw new ConfigurationException(settings + ": " + e.getMessage());
        }
    }

    private ConfigurationException refusal(final String sentence) {
        return new ConfigurationException(settings + ": " + sentence);
    }

    private TapDevice openNamed(final Interfaces interfaces) {
        final String device = settings.device;
        final NetInterface before = interfaces.find(device);
        if (before == null && settings.mustExist) {
            throw refusal("there is no interface " + device + " to attach to; make it (ip tuntap add dev " + device
                + " mode " + mode() + "), or leave out attach and it is made");
        }
        if (before != null) {
            check(before);
        }
        final boolean isMulti = before == null ? settings.queues > 1 : before.rxQueues() > 1;
        final int flags = (settings.isTun ? TunDevice.TUN : TunDevice.TAP) | (isMulti ? TunDevice.MULTI_QUEUE : 0)
            | (offloads == 0 ? 0 : TunDevice.VNET_HEADER);
        final List<TunDevice> queues = new ArrayList<>();
        try {
            for (int q = 0; q < settings.queues; q++) {
                queues.add(openQueue(flags, q));
            }
            return configure(interfaces, queues, before, interfaces.find(device));
        } catch (final RuntimeException e) {
            queues.forEach(TunDevice::close);
            throw e;
        }
    }

    private TunDevice openQueue(final int flags, final int queue) {
        try {
            return TunDevice.open(settings.device, flags);
        } catch (final LinuxException e) {
            if (e.errno() == Errno.E2BIG && queue > 0) {
                throw refusal("only " + queue + " of " + settings.queues + " queues are free; ask for fewer, or stop "
                    + "whoever has the others open");
            }
            throw e;
        }
    }

    private String mode() {
        return settings.isTun ? "tun" : "tap";
    }

    private void check(final NetInterface before) {
        final String device = settings.device;
        if (!before.kind().equals(KIND)) {
            throw refusal("the interface " + device + " is " + (before.kind().isEmpty() ? "a network card or loopback"
                : "of kind " + before.kind()) + " and no tap device; choose another name");
        }
        // Only a tap has an address.
        if (settings.isTun != (before.mac() == 0)) {
            throw refusal("the interface " + device + " is a " + (settings.isTun ? "tap" : "tun")
                + " device; write " + (settings.isTun ? "tap:" : "tun:") + device + " or choose another name");
        }
        if (settings.queues > 1 && before.rxQueues() == 1) {
            throw refusal("the interface " + device + " was made for one queue, and " + settings.queues
                + " are asked for; take queues=1, or make it anew: ip tuntap add dev " + device + " mode " + mode()
                + " multi_queue");
        }
    }

    private TapDevice adopt(final Interfaces interfaces) {
        final List<TunDevice> queues = new ArrayList<>();
        try {
            for (final Fd fd : settings.given) {
                queues.add(adopt(fd));
            }
            final String name = queues.get(0).name();
            for (final TunDevice queue : queues) {
                checkGiven(queue, name);
            }
            final NetInterface before = interfaces.find(name);
            // Another namespace may have one of that name.
            final boolean isHere = before != null && before.kind().equals(KIND);
            return configure(interfaces, queues, isHere ? before : null, isHere ? before : null);
        } catch (final RuntimeException e) {
            queues.forEach(TunDevice::close);
            throw e;
        }
    }

    private static TunDevice adopt(final Fd fd) {
        final Fd twin = fd.duplicate();
        try {
            return TunDevice.adopt(twin);
        } catch (final LinuxException e) {
            twin.close();
            throw e;
        }
    }

    private void checkGiven(final TunDevice queue, final String name) {
        final int flags = queue.flags();
        if (!name.equals(queue.name())) {
            throw refusal("the descriptors are of two devices, " + name + " and " + queue.name()
                + "; open a port for each");
        }
        if (((flags & TunDevice.TUN) != 0) != settings.isTun) {
            throw refusal(name + " is a " + (settings.isTun ? "tap" : "tun") + " device; describe it as what it is");
        }
        if ((flags & TunDevice.NO_PROTOCOL) == 0) {
            throw refusal(name + " was opened without IFF_NO_PI; open it with that flag");
        }
        if (((flags & TunDevice.VNET_HEADER) != 0) != (offloads != 0)) {
            throw refusal(name + " was opened " + (offloads == 0 ? "with" : "without")
                + " IFF_VNET_HDR; that flag and offloads go together");
        }
    }

    private TapDevice configure(final Interfaces interfaces, final List<TunDevice> queues, final NetInterface before,
                                final NetInterface found) {
        final TunDevice first = queues.get(0);
        if (offloads != 0) {
            first.headerLength(VnetHeader.LENGTH);
        }
        final int granted = grant(first);
        NetInterface now = found;
        if (now != null) {
            final int index = now.index();
            if (settings.mtu != 0 && settings.mtu != now.mtu()) {
                interfaces.mtu(index, settings.mtu);
            }
            if (settings.mac != Settings.NO_MAC && !settings.isTun && settings.mac != now.mac()) {
                interfaces.mac(index, settings.mac);
            }
            if (settings.isBroughtUp && !now.isUp()) {
                interfaces.up(index);
            }
            now = interfaces.find(index);
        }
        if (settings.isPersistent && before == null) {
            first.persistent(true);
        }
        return new TapDevice(queues, before, now, granted);
    }

    private int grant(final TunDevice first) {
        final int bits = TunOffloads.ask(first, offloads);
        if (bits != offloads) {
            LOG.info("{}: this kernel refused some offloads, bits {} of {} are in use", settings, bits, offloads);
        }
        return bits;
    }
}

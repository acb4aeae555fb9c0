/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.ConfigurationException;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.QueuePort;
import io.millrace.Slot;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetNamespace;
import io.millrace.packet.MacAddress;

import java.util.ArrayList;
import java.util.List;

/**
 * The port behind {@link Tap}: its queues, which stay, and a {@link TapLink}, which hands them one device after the
 * other.
 */
final class TapPort extends QueuePort<TapRxQueue, TapTxQueue> {
    // For a tun device that was given no address: a local one.
    private static final long DEFAULT_SOURCE = 0x02_4d_52_00_00_01L;

    private final Settings settings;
    private final int offloads;
    private final TapLink link;

    private TapPort(final Settings settings, final PortContext context, final NetNamespace home,
                    final TapDevice device) {
        super(settings.name, context);
        this.settings = settings;
        offloads = device.offloads();
        final EthernetShim shim = settings.isTun ? new EthernetShim(
            settings.mac == Settings.NO_MAC ? DEFAULT_SOURCE : settings.mac, settings.peer) : null;
        final Framing framing = new Framing(settings.offloads == 0 ? 0 : VnetHeader.LENGTH, shim, offloads);
        final List<Slot<TapQueue>> slots = new ArrayList<>();
        for (int q = 0; q < settings.queues; q++) {
            slots.add(new Slot<>());
            slots.add(new Slot<>());
            addQueues(new TapRxQueue(slots.get(2 * q), context.pool(), context.id(), framing, scope("rx" + q)),
                new TapTxQueue(slots.get(2 * q + 1), framing, scope("tx" + q)));
        }
        link = new TapLink(settings, context, this, home, device, slots);
    }

    static Port open(final Settings settings, final PortContext context) {
        final NetNamespace home;
        try {
            home = settings.namespace == null ? null : NetNamespace.open(settings.namespace);
        } catch (final LinuxException e) {
            throw new ConfigurationException(settings + ": " + e.getMessage());
        }
        TapDevice device = null;
        TapPort port = null;
        try {
            device = new DeviceOpener(settings, settings.offloads).open(home);
            port = new TapPort(settings, context, home, device);
            port.onControl(port.link::open);
            return port;
        } catch (final RuntimeException e) {
            if (port != null) {
                port.close();
            } else {
                closeAll(device, home);
            }
            throw e;
        }
    }

    private static void closeAll(final TapDevice device, final NetNamespace home) {
        if (device != null) {
            device.restore(home);
            device.close();
        }
        if (home != null) {
            home.close();
        }
    }

    @Override
    public LinkState link() {
        return link.state();
    }

    @Override
    public int rxOffloads() {
        return offloads;
    }

    @Override
    public int txOffloads() {
        return offloads;
    }

    @Override
    protected void end() {
        onControl(link::close);
        rxQueues().forEach(TapRxQueue::close);
        txQueues().forEach(TapTxQueue::close);
    }

    @Override
    public String toString() {
        return settings + (link.isByUring() ? " (io_uring)" : " (a call for each packet)")
            + (settings.mac == Settings.NO_MAC ? "" : ' ' + MacAddress.format(settings.mac));
    }
}

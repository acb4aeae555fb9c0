/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.RxQueue;
import io.millrace.Slot;
import io.millrace.TxQueue;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetNamespace;
import io.millrace.packet.MacAddress;

import java.util.ArrayList;
import java.util.List;

/**
 * The port behind {@link Tap}: its queues, which stay, and a {@link TapLink}, which hands them one device after the
 * other.
 */
final class TapPort implements Port {
    // For a tun device that was given no address: a local one.
    private static final long DEFAULT_SOURCE = 0x02_4d_52_00_00_01L;

    private final Settings settings;
    private final PortContext context;
    private final int offloads;
    private final List<TapRxQueue> rxQueues = new ArrayList<>();
    private final List<TapTxQueue> txQueues = new ArrayList<>();
    private final TapLink link;
    private boolean isClosed;

    private TapPort(final Settings settings, final PortContext context, final NetNamespace home,
                    final TapDevice device) {
        this.settings = settings;
        this.context = context;
        offloads = device.offloads();
        final EthernetShim shim = settings.isTun ? new EthernetShim(
            settings.mac == Settings.NO_MAC ? DEFAULT_SOURCE : settings.mac, settings.peer) : null;
        final Framing framing = new Framing(settings.offloads == 0 ? 0 : VnetHeader.LENGTH, shim, offloads);
        final List<Slot<TapQueue>> slots = new ArrayList<>();
        for (int q = 0; q < settings.queues; q++) {
            slots.add(new Slot<>());
            rxQueues.add(new TapRxQueue(slots.get(2 * q), context.pool(), context.id(), framing, scope("rx" + q)));
            slots.add(new Slot<>());
            txQueues.add(new TapTxQueue(slots.get(2 * q + 1), framing, scope("tx" + q)));
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
            final TapLink link = port.link;
            context.control().call(() -> {
                link.open();
                return null;
            });
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

    private Counters.Scope scope(final String part) {
        return context.counters().scope("port", settings.name, part);
    }

    @Override
    public String name() {
        return settings.name;
    }

    @Override
    public int id() {
        return context.id();
    }

    @Override
    public int queues() {
        return settings.queues;
    }

    @Override
    public LinkState link() {
        return link.state();
    }

    @Override
    public int offloads() {
        return offloads;
    }

    @Override
    public RxQueue rx(final int queue) {
        return rxQueues.get(queue);
    }

    @Override
    public TxQueue tx(final int queue) {
        return txQueues.get(queue);
    }

    @Override
    public void close() {
        synchronized (this) {
            if (isClosed) {
                return;
            }
            isClosed = true;
        }
        context.control().call(() -> {
            link.close();
            return null;
        });
        rxQueues.forEach(TapRxQueue::close);
        txQueues.forEach(TapTxQueue::close);
    }

    @Override
    public String toString() {
        return settings + (link.isByUring() ? " (io_uring)" : " (a call for each packet)")
            + (settings.mac == Settings.NO_MAC ? "" : ' ' + MacAddress.format(settings.mac));
    }
}

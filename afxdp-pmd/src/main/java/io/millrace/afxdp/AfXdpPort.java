/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.QueuePort;
import io.millrace.Slot;
import io.millrace.linux.Errno;
import io.millrace.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The port behind {@link AfXdp}: its queues, which stay, and an {@link XdpLink}, which opens the device, again if need
 * be, and hands the rings to the queues.
 */
final class AfXdpPort extends QueuePort<XdpRxQueue, XdpTxQueue> {
    // A queue is free again only some time after its socket was closed: the kernel does that in the background.
    private static final long BUSY_TIMEOUT_NS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long BUSY_POLL_NS = TimeUnit.MILLISECONDS.toNanos(5);

    private final AfXdp config;
    private final Gate gate = new Gate();
    private final XdpLink link;
    private final List<Slot<RxRings>> rxSlots = new ArrayList<>();
    private final List<Slot<TxRings>> txSlots = new ArrayList<>();
    private KernelCounters[] kernelCounters;
    private String description;

    private AfXdpPort(final AfXdp config, final PortContext context) {
        super(config.name(), context);
        this.config = config;
        this.link = new XdpLink(config, context, this, gate);
    }

    static Port open(final AfXdp config, final PortContext context) {
        final ConfigurationException missingRights = Refusal.missingRights(config);
        if (missingRights != null) {
            throw missingRights;
        }
        final long startNs = System.nanoTime();
        while (true) {
            final AfXdpPort port = new AfXdpPort(config, context);
            try {
                port.onControl(port::start);
                return port;
            } catch (final LinuxException e) {
                if (e.errno() != Errno.EBUSY || System.nanoTime() - startNs > BUSY_TIMEOUT_NS) {
                    throw Refusal.of(config, e);
                }
                LockSupport.parkNanos(BUSY_POLL_NS);
            }
        }
    }

    private void start() {
        link.open();
        try {
            makeQueues();
            link.start();
        } catch (final RuntimeException e) {
            link.close();
            throw e;
        }
    }

    private void makeQueues() {
        final int queues = link.session().queues();
        kernelCounters = new KernelCounters[queues];
        for (int q = 0; q < queues; q++) {
            rxSlots.add(new Slot<>());
            txSlots.add(new Slot<>());
            final Counters.Scope rx = scope("rx" + q);
            final Counters.Scope tx = scope("tx" + q);
            addQueues(
                new XdpRxQueue(rxSlots.get(q), context().pool(), id(), config.isBusyPolling(), rx, this::onBroken),
                new XdpTxQueue(txSlots.get(q), gate, tx, this::onBroken));
            kernelCounters[q] = new KernelCounters(rx, tx);
        }
        description = config + " (" + queues + (queues == 1 ? " queue, " : " queues, ") + link.session().mode() + ")";
    }

    private void onBroken() {
        context().control().execute(link::onBroken);
    }

    Slot<RxRings> rxSlot(final int queue) {
        return rxSlots.get(queue);
    }

    Slot<TxRings> txSlot(final int queue) {
        return txSlots.get(queue);
    }

    /** Those of receive and transmit queues. */
    List<Slot<?>> slots() {
        final List<Slot<?>> all = new ArrayList<>(rxSlots);
        all.addAll(txSlots);
        return all;
    }

    /** One for each queue. */
    KernelCounters[] kernelCounters() {
        return kernelCounters;
    }

    @Override
    public LinkState link() {
        return link.state();
    }

    @Override
    public boolean isReady() {
        // Without a carrier it is for the other end to do something.
        return link() != LinkState.GONE;
    }

    @Override
    protected void end() {
        onControl(link::close);
    }

    @Override
    public String toString() {
        return description;
    }
}

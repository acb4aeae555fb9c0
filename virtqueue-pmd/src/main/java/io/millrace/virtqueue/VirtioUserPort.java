/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counters;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.QueuePort;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The port behind {@link VirtioUser}: its queues, which stay, and a {@link DriverLink}, which makes one session after
 * the other and hands their rings to the queues.
 */
final class VirtioUserPort extends QueuePort<DriverRxQueue, DriverTxQueue> {
    private static final long CLOSE_TIMEOUT_MS = 1_500;

    private final VirtioUser config;
    private final DriverSlot[] slots;
    private final DriverLink link;

    private VirtioUserPort(final VirtioUser config, final PortContext context) {
        super(config.name(), context);
        this.config = config;
        slots = new DriverSlot[2 * config.queues()];
        link = new DriverLink(config, context, this, slots);
        for (int q = 0; q < config.queues(); q++) {
            // virtio 1.2, 5.1.2: receiveq1, transmitq1, receiveq2, ...
            slots[2 * q] = new DriverSlot(null);
            final String rxName = "rx" + q;
            final String txName = "tx" + q;
            final Counters.Scope tx = scope(txName);
            slots[2 * q + 1] = new DriverSlot(tx.counter("unreturned"));
            addQueues(
                new DriverRxQueue(slots[2 * q], context.pool(), context.id(), scope(rxName),
                    fault -> onFault(rxName, fault)),
                new DriverTxQueue(slots[2 * q + 1], context.pool(), tx, fault -> onFault(txName, fault)));
        }
    }

    static Port open(final VirtioUser config, final PortContext context) {
        final VirtioUserPort port = new VirtioUserPort(config, context);
        try {
            port.onControl(port.link::open);
        } catch (final RuntimeException e) {
            port.closeQueues();
            throw e;
        }
        return port;
    }

    private void onFault(final String queue, final BackEndFault fault) {
        context().control().execute(() -> link.onFault(queue, fault));
    }

    @Override
    public LinkState link() {
        return link.state();
    }

    @Override
    public boolean isReady() {
        return config.isServer() || link() == LinkState.UP;
    }

    @Override
    public int rxOffloads() {
        return OffloadFeatures.guest(config.features(-1));
    }

    @Override
    public int txOffloads() {
        return link.offloads();
    }

    @Override
    protected void end() {
        if (!context().control().isInLoop()) {
            stopRings();
        }
        onControl(link::close);
        closeQueues();
    }

    /** Has the back-end let go of the rings first, so that it reads no frame that is free already. */
    private void stopRings() {
        final CountDownLatch stopped = new CountDownLatch(1);
        context().control().execute(() -> link.stop(stopped::countDown));
        boolean interrupted = false;
        try {
            // A back-end that does not answer in time is left behind: it may then see frames change.
            stopped.await(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (final InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeQueues() {
        rxQueues().forEach(DriverRxQueue::close);
        txQueues().forEach(DriverTxQueue::close);
    }

    @Override
    public String toString() {
        return config.toString();
    }
}

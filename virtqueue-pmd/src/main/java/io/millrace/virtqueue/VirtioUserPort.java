/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counters;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.RxQueue;
import io.millrace.TxQueue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The port behind {@link VirtioUser}: its queues, which stay, and a {@link DriverLink}, which makes one session after
 * the other and hands their rings to the queues.
 */
final class VirtioUserPort implements Port {
    private static final long CLOSE_TIMEOUT_MS = 1_500;

    private final VirtioUser config;
    private final PortContext context;
    private final DriverSlot[] slots;
    private final DriverRxQueue[] rxQueues;
    private final DriverTxQueue[] txQueues;
    private final DriverLink link;
    private boolean isClosed;

    private VirtioUserPort(final VirtioUser config, final PortContext context) {
        this.config = config;
        this.context = context;
        slots = new DriverSlot[2 * config.queues()];
        rxQueues = new DriverRxQueue[config.queues()];
        txQueues = new DriverTxQueue[config.queues()];
        link = new DriverLink(config, context, this, slots);
        for (int q = 0; q < config.queues(); q++) {
            // virtio 1.2, 5.1.2: receiveq1, transmitq1, receiveq2, ...
            slots[2 * q] = new DriverSlot(null);
            rxQueues[q] = new DriverRxQueue(slots[2 * q], context.pool(), context.id(), scope("rx" + q), this::onFault);
            final Counters.Scope tx = scope("tx" + q);
            slots[2 * q + 1] = new DriverSlot(tx.counter("unreturned"));
            txQueues[q] = new DriverTxQueue(slots[2 * q + 1], context.pool(), tx, this::onFault);
        }
    }

    static Port open(final VirtioUser config, final PortContext context) {
        final VirtioUserPort port = new VirtioUserPort(config, context);
        try {
            context.control().call(() -> {
                port.link.open();
                return null;
            });
        } catch (final RuntimeException e) {
            port.closeQueues();
            throw e;
        }
        return port;
    }

    private Counters.Scope scope(final String part) {
        return context.counters().scope("port", config.name(), part);
    }

    private void onFault(final BackEndFault fault) {
        context.control().execute(() -> link.onFault(fault));
    }

    @Override
    public String name() {
        return config.name();
    }

    @Override
    public int id() {
        return context.id();
    }

    @Override
    public int queues() {
        return config.queues();
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
    public RxQueue rx(final int queue) {
        return rxQueues[queue];
    }

    @Override
    public TxQueue tx(final int queue) {
        return txQueues[queue];
    }

    @Override
    public void close() {
        synchronized (this) {
            if (isClosed) {
                return;
            }
            isClosed = true;
        }
        if (!context.control().isInLoop()) {
            stopRings();
        }
        context.control().call(() -> {
            link.close();
            return null;
        });
        closeQueues();
    }

    /** Has the back-end let go of the rings first, so that it reads no frame that is free already. */
    private void stopRings() {
        final CountDownLatch stopped = new CountDownLatch(1);
        context.control().execute(() -> link.stop(stopped::countDown));
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
        for (int q = 0; q < config.queues(); q++) {
            rxQueues[q].close();
            txQueues[q].close();
        }
    }

    @Override
    public String toString() {
        return config.toString();
    }
}

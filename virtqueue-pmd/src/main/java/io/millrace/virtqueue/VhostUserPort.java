/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.DataplaneException;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.QueuePort;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The port behind {@link VhostUser}: its queues and ring slots, which stay, and a {@link DeviceLink}, which serves one
 * front-end after the other and hands their rings to the slots.
 */
final class VhostUserPort extends QueuePort<DeviceRxQueue, DeviceTxQueue> {
    private static final long CLOSE_TIMEOUT_NS = TimeUnit.MILLISECONDS.toNanos(1_500);
    private static final long ASK_AGAIN_NS = TimeUnit.MICROSECONDS.toNanos(200);

    private final VhostUser config;
    private final RingSlot[] slots;
    private final DeviceLink link;

    private VhostUserPort(final VhostUser config, final PortContext context) {
        super(config.name(), context);
        this.config = config;
        final int queues = config.offer().queues();
        slots = new RingSlot[2 * queues];
        link = new DeviceLink(config, context, this, slots);
        for (int q = 0; q < queues; q++) {
            // virtio 1.2, 5.1.2: receiveq1, transmitq1, receiveq2, ... as the guest sees them
            slots[2 * q] = slot(2 * q);
            slots[2 * q + 1] = slot(2 * q + 1);
            addQueues(new DeviceRxQueue(slots[2 * q + 1], context.id(), scope("rx" + q)),
                new DeviceTxQueue(slots[2 * q], config.coalescing(), scope("tx" + q)));
        }
    }

    static Port open(final VhostUser config, final PortContext context) {
        final VhostUserPort port = new VhostUserPort(config, context);
        try {
            port.onControl(port.link::open);
        } catch (final RuntimeException e) {
            port.closeQueues();
            throw e;
        }
        return port;
    }

    private RingSlot slot(final int index) {
        final RingSlot slot = new RingSlot();
        slot.onBroken(reason -> context().control().execute(() -> link.onBroken(index, reason)));
        final Runnable onMisses = () -> link.onMisses(index);
        slot.misses().onTold(() -> context().control().execute(onMisses));
        return slot;
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
        return config.offer().rxOffloads();
    }

    @Override
    public int txOffloads() {
        return link.offloads();
    }

    @Override
    protected void end() {
        final boolean isOver = context().control().call(link::close) || awaitEnd();
        if (!isOver) {
            // Rings, memory and eventfds stay as they are: taking them from a thread that uses them is worse.
            throw new DataplaneException("port " + name() + " cannot be closed while a thread polls its queues:"
                + " stop the workers first");
        }
        closeQueues();
    }

    /** Waits for the session to end: a worker that has just stopped may have left rings to be taken back. */
    private boolean awaitEnd() {
        if (context().control().isInLoop()) {
            return false;
        }
        final long start = System.nanoTime();
        while (!context().control().call(link::close)) {
            if (System.nanoTime() - start > CLOSE_TIMEOUT_NS) {
                return false;
            }
            LockSupport.parkNanos(ASK_AGAIN_NS);
        }
        return true;
    }

    private void closeQueues() {
        rxQueues().forEach(DeviceRxQueue::close);
        txQueues().forEach(DeviceTxQueue::close);
        for (final RingSlot slot : slots) {
            slot.close();
        }
    }

    @Override
    public String toString() {
        return config.toString();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.EventSignal;
import io.millrace.linux.Fd;
import io.millrace.linux.MemoryFaults;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The place of one virtqueue: where the control loop hands a ring to the worker that polls it, and gets it back.
 *
 * <pre>
 *            offer               poll                 recall
 *   VACANT --------&gt; OFFERED --------&gt; ATTACHED --------&gt; RECALLED
 *     ^                 |  ^              |  |                |
 *     |     recall      |  |   release    |  | broken         | poll or release
 *     +-----------------+  +--------------+  v                |
 *     ^                                     DEAD              |
 *     |               recall                  |               |
 *     +---------------------------------------+---------------+
 * </pre>
 *
 * <p>A worker touches guest memory only while the slot is ATTACHED, and it looks at the state once per burst. So once
 * {@link #recall()} says true, no worker is using the ring and its memory may go.
 *
 * <p>A guest behind an IOMMU waits whenever it takes memory back. So the worker of such a ring also says when it is
 * between two bursts, and the control loop need not wait for its next: new addresses, or that the ring is {@link #park
 * parked}, are seen before the guest's memory is used again.
 *
 * <p>Thread safety: {@link #offer}, {@link #recall}, {@link #base}, {@link #enabled}, {@link #call}, {@link #dma},
 * {@link #announce} and {@link #close} belong to the control loop; {@link #poll}, {@link #attached}, {@link #release},
 * {@link #signal}, {@link #announced} and {@link #broken} to the one thread that polls the queue.
 */
final class RingSlot implements AutoCloseable {
    private static final int VACANT = 0;
    private static final int OFFERED = 1;
    private static final int ATTACHED = 2;
    private static final int RECALLED = 3;
    private static final int DEAD = 4;
    private static final int NO_CALL = -1;

    private final AtomicInteger state = new AtomicInteger(VACANT);
    private final EventSignal events = EventSignal.open();
    private final Misses misses = new Misses();
    private Consumer<RejectReason> onBroken = reason -> {
    };
    private DeviceRing ring;
    private volatile boolean isEnabled;
    private volatile boolean isAnnounced;
    private volatile long announced;
    // Written by the control loop, adopted by the worker: a version in the upper half, a descriptor in the lower.
    private volatile long callOffer = NO_CALL & 0xffff_ffffL;
    private volatile long callAdopted = callOffer;
    // The same for the addresses of an IOMMU.
    private volatile DmaMap dmaOffer;
    private volatile DmaMap dmaAdopted;
    private boolean isTranslated;
    private volatile boolean isBusy;
    private volatile boolean isParked;

    /** Sets who hears that the guest broke the ring. Before the first offer; called on the worker. */
    void onBroken(final Consumer<RejectReason> listener) {
        onBroken = listener;
    }

    /** What the worker cannot translate. */
    Misses misses() {
        return misses;
    }

    /**
     * Has the queue say once that a station is here, as if the guest had.
     *
     * @param address its MAC address, in the order of the wire from the lowest byte on.
     */
    void announce(final long address) {
        announced = address;
        isAnnounced = true;
    }

    /** Whether a station is to be announced. */
    boolean isAnnounced() {
        return isAnnounced;
    }

    /** The station that is to be announced, and has been from now on. On the worker. */
    long announced() {
        isAnnounced = false;
        return announced;
    }

    /** Starts a ring. The slot must be vacant: never used, or recalled. */
    void offer(final RingSetup setup) {
        if (state.get() != VACANT) {
            throw new IllegalStateException("ring " + setup.index() + " is still there");
        }
        ring = DeviceRing.of(setup);
        dmaOffer = setup.dma();
        dmaAdopted = setup.dma();
        isTranslated = ring.isTranslated();
        isParked = false;
        state.set(OFFERED);
    }

    /**
     * Takes the ring back.
     *
     * @return true once no worker will touch it any more, and if there was none; else ask again later.
     */
    boolean recall() {
        if (state.compareAndSet(OFFERED, VACANT) || state.compareAndSet(DEAD, VACANT)) {
            return true;
        }
        state.compareAndSet(ATTACHED, RECALLED);
        return state.get() == VACANT;
    }

    /** Whether a ring is there and its guest has not broken it. */
    boolean isRunning() {
        final int now = state.get();
        return now == OFFERED || now == ATTACHED;
    }

    /** Where the last ring stopped, as SET_VRING_BASE says it. Once {@link #recall()} has said true. */
    int base() {
        return ring == null ? 0 : ring.base();
    }

    /** Lets packets pass, or not. What a guest sends on a running ring that is not enabled is discarded. */
    void enabled(final boolean enabled) {
        isEnabled = enabled;
    }

    boolean isEnabled() {
        return isEnabled;
    }

    /**
     * Sets the descriptor that signals the guest.
     *
     * @param call stays the caller's; the one before may be closed once {@link #isCallAdopted()}. Null: never signal.
     */
    void call(final Fd call) {
        final long version = (callOffer >>> 32) + 1;
        callOffer = version << 32 | (call == null ? NO_CALL : call.number()) & 0xffff_ffffL;
    }

    /** Whether no worker uses an earlier call descriptor any more. */
    boolean isCallAdopted() {
        return callAdopted == callOffer || !isWithWorker();
    }

    /** Sets by which addresses the ring reaches the guest's memory from now on. */
    void dma(final DmaMap map) {
        dmaOffer = map;
    }

    /** By which addresses the ring was last told to reach the guest's memory. */
    DmaMap dma() {
        return dmaOffer;
    }

    /** Whether no worker uses earlier addresses any more. */
    boolean isDmaAdopted() {
        return dmaAdopted == dmaOffer || !isBusy;
    }

    /** Has the worker keep the ring and not touch it, from {@link #isIdle} on; or touch it again. */
    void park(final boolean parked) {
        isParked = parked;
    }

    /** Whether the ring that was offered last is parked. */
    boolean isParked() {
        return isParked;
    }

    /** Whether the worker of a ring with an IOMMU is between two bursts. */
    boolean isIdle() {
        return !isBusy;
    }

    private boolean isWithWorker() {
        final int now = state.get();
        return now == ATTACHED || now == RECALLED;
    }

    /**
     * The ring to work on now, until {@link #leave}; or null. Once per burst, where an {@link InternalError} is caught:
     * see {@link MemoryFaults}.
     */
    DeviceRing poll() {
        enter();
        final int now = state.get();
        if (now == ATTACHED && !isParked) {
            if (callAdopted != callOffer) {
                adoptCall();
            }
            if (dmaAdopted != dmaOffer) {
                adoptDma();
            }
            return ring;
        }
        final DeviceRing offered = now == OFFERED || now == RECALLED ? handOver(now) : null;
        if (offered == null) {
            leave();
        }
        return offered;
    }

    /** What {@link #poll} returned last, if the worker may go on using it until {@link #leave}; else null. */
    DeviceRing attached() {
        enter();
        return state.get() == ATTACHED && !isParked ? ring : null;
    }

    private void enter() {
        if (isTranslated) {
            // Visible before the state and the addresses are read, or the control loop takes them away meanwhile.
            isBusy = true;
        }
    }

    /** The worker does not use the ring before it polls again. */
    void leave() {
        if (isTranslated) {
            isBusy = false;
        }
    }

    private DeviceRing handOver(final int now) {
        // Once more: what the ring is like is known only since it was seen to be offered.
        enter();
        if (now == OFFERED && isParked) {
            return null;
        }
        if (now == OFFERED && state.compareAndSet(OFFERED, ATTACHED)) {
            ring.start();
            if (ring.canFault()) {
                MemoryFaults.deliver();
            }
            adoptCall();
            adoptDma();
            return ring;
        }
        state.compareAndSet(RECALLED, VACANT);
        return null;
    }

    private void adoptDma() {
        final DmaMap map = dmaOffer;
        ring.dma(map);
        dmaAdopted = map;
    }

    private void adoptCall() {
        callAdopted = callOffer;
        // A signal on the old descriptor, or one owed by an earlier back-end, may be lost. One too many does no harm.
        signal();
    }

    /** Tells the guest that used buffers are there. Never blocks. */
    boolean signal() {
        final int fd = (int) callAdopted;
        return fd != NO_CALL && events.signal(fd);
    }

    /** Gives up on the ring: its guest broke it. */
    void broken(final RejectReason reason) {
        leave();
        if (!state.compareAndSet(ATTACHED, DEAD)) {
            state.compareAndSet(RECALLED, VACANT);
        }
        onBroken.accept(reason);
    }

    /** The worker stops polling; another may go on from here. */
    void release() {
        if (!state.compareAndSet(ATTACHED, OFFERED)) {
            state.compareAndSet(RECALLED, VACANT);
        }
    }

    @Override
    public void close() {
        events.close();
    }
}

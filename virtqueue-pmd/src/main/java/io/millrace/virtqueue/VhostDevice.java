/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.virtqueue.ProtocolViolation.Reason;

/**
 * What one front-end has said so far: facts, and the rings that follow from them. A front-end that connects finds a
 * fresh one, on the ring slots of the port.
 *
 * <p>Thread safety: control loop only.
 */
final class VhostDevice implements AutoCloseable {
    final DeviceOffer offer;
    final MemoryTable memory = new MemoryTable();

    private final Vring[] rings;
    private boolean hasFeatures;
    private long features;
    private long protocolFeatures;
    private long status;
    private Fd backendChannel;
    private LogArea logArea;

    /**
     * @param slots vacant, two for each queue.
     */
    VhostDevice(final DeviceOffer offer, final RingSlot[] slots) {
        this.offer = offer;
        rings = new Vring[slots.length];
        for (int i = 0; i < slots.length; i++) {
            rings[i] = new Vring(i, slots[i]);
        }
    }

    /**
     * A ring by a number from the peer.
     *
     * @param number from 0; compared before it is cut down to an index.
     * @throws ProtocolViolation if there is no such ring.
     */
    Vring ring(final VhostRequest request, final long number) throws ProtocolViolation {
        if (number < 0 || number >= rings.length) {
            throw new ProtocolViolation(Reason.BAD_INDEX,
                request + ": ring " + Long.toUnsignedString(number) + " of " + rings.length);
        }
        return rings[(int) number];
    }

    /** A ring of this port. */
    Vring ring(final int index) {
        return rings[index];
    }

    /** Whether that pair of rings passes packets. */
    boolean isPairUp(final int queue) {
        return isUp(rings[2 * queue]) && isUp(rings[2 * queue + 1]);
    }

    private boolean isUp(final Vring ring) {
        return ring.isRunning() && !ring.isBroken() && isEnabled(ring);
    }

    /** Without protocol features there is no SET_VRING_ENABLE, and all rings are enabled. */
    private boolean isEnabled(final Vring ring) {
        return ring.isEnabled()
            || hasFeatures && !Features.has(features, Features.VHOST_USER_F_PROTOCOL_FEATURES);
    }

    boolean hasFeatures(final long value) {
        return hasFeatures && features == value;
    }

    void features(final long value) {
        features = value;
        hasFeatures = true;
    }

    /** The kind of its rings, as far as that is known. */
    RingKind ringKind() {
        return RingKind.of(features);
    }

    /** What packets for the guest may leave to be done. */
    int guestOffloads() {
        return OffloadFeatures.guest(features);
    }

    void protocolFeatures(final long value) {
        protocolFeatures = value;
    }

    /** Whether all these {@link ProtocolFeatures} are negotiated. */
    boolean hasProtocolFeature(final long feature) {
        return (protocolFeatures & feature) == feature;
    }

    void status(final long value) {
        status = value;
    }

    long status() {
        return status;
    }

    /** Keeps the channel for requests of ours, and closes the one before. */
    void backendChannel(final Fd channel) {
        if (backendChannel != null) {
            backendChannel.close();
        }
        backendChannel = channel;
    }

    /** Whether that differs from what was negotiated in whether writes are logged, and in nothing else. */
    boolean togglesLog(final long value) {
        return hasFeatures && (features ^ value) == Features.VHOST_F_LOG_ALL;
    }

    /** Where to log writes from now on, and gives up the place before. No ring runs. */
    void logArea(final LogArea area) {
        if (logArea != null) {
            logArea.close();
        }
        logArea = area;
    }

    private DirtyLog log() {
        return logArea == null || !Features.has(features, Features.VHOST_F_LOG_ALL) ? null
            : new DirtyLog(memory.memory(), logArea);
    }

    boolean isAnyRunning() {
        for (final Vring ring : rings) {
            if (ring.isRunning()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Asks for all rings back.
     *
     * @return true once no worker uses any of them; else ask again.
     */
    boolean recallAll() {
        boolean isQuiet = true;
        for (final Vring ring : rings) {
            isQuiet &= ring.slot.recall();
        }
        return isQuiet;
    }

    /** All have been recalled: none runs any more, and those that are ready start again with {@link #startReady}. */
    void stopAll() {
        for (final Vring ring : rings) {
            ring.stopped();
        }
    }

    /** All have been recalled: each waits for a new kick. */
    void rearmAll() {
        for (final Vring ring : rings) {
            ring.rearm();
        }
    }

    /** All have been recalled: the device is as it was when the driver first saw it. */
    void resetAll() {
        for (final Vring ring : rings) {
            ring.reset();
        }
        status = 0;
    }

    /** RESET_DEVICE also forgets what was negotiated. */
    void forgetFeatures() {
        hasFeatures = false;
        features = 0;
    }

    void disableAll() {
        for (final Vring ring : rings) {
            ring.enabled(false);
        }
    }

    /**
     * Brings the rings in line with the facts: starts every ring that is ready and passes on what is enabled. After
     * each message.
     *
     * @throws ProtocolViolation if a ring is in memory that does not exist.
     */
    void startReady() throws ProtocolViolation {
        for (final Vring ring : rings) {
            ring.slot.enabled(isEnabled(ring));
            if (!ring.isRunning()) {
                final RingSetup setup = ring.whenReady(hasFeatures, features, memory.memory(), log());
                if (setup != null) {
                    start(ring, setup);
                }
            }
        }
    }

    private void start(final Vring ring, final RingSetup setup) throws ProtocolViolation {
        // The kernel finds the pages now: a file that ends early is an error here and a SIGBUS at the worker.
        final RingKind kind = RingKind.of(setup.features());
        if (!memory.populate(setup.descAddress(), kind.descLength(setup.size()))
            || !memory.populate(setup.availAddress(), kind.driverLength(setup.size()))
            || !memory.populate(setup.usedAddress(), kind.deviceLength(setup.size()))) {
            throw new ProtocolViolation(Reason.MEMORY_GONE,
                "ring " + setup.index() + " lies in memory whose file does not reach that far");
        }
        ring.slot.offer(setup);
        ring.started();
    }

    /** Gives up everything the front-end handed over. All rings have been recalled. */
    @Override
    public void close() {
        for (final Vring ring : rings) {
            ring.close();
        }
        backendChannel(null);
        logArea(null);
        memory.close();
    }
}

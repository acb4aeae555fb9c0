/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counters;
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
    final Iommu iommu;

    private final Vring[] rings;
    private boolean hasFeatures;
    private long features;
    private long protocolFeatures;
    private long status;
    private LogArea logArea;

    /**
     * @param slots vacant, two for each queue.
     * @param scope where to count what an IOMMU does.
     */
    VhostDevice(final DeviceOffer offer, final RingSlot[] slots, final Counters.Scope scope) {
        this.offer = offer;
        rings = new Vring[slots.length];
        for (int i = 0; i < slots.length; i++) {
            rings[i] = new Vring(i, slots[i]);
        }
        iommu = new Iommu(rings, scope);
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

    /** Whether addresses of rings and buffers are those of a virtual IOMMU. */
    private boolean isTranslated() {
        return hasFeatures && Features.has(features, Features.VIRTIO_F_ACCESS_PLATFORM);
    }

    private DmaMap dma() {
        return isTranslated() ? iommu.iotlb.map(memory.memory()) : DmaMap.of(memory.memory());
    }

    private long locate(final long address, final long length, final int access) {
        return isTranslated() ? iommu.iotlb.locate(address, length, access)
            : memory.memory().byUser().translate(address, length);
    }

    /**
     * Has running rings use what the IOMMU says now.
     *
     * @param isLess whether something was taken back.
     */
    void publishDma(final boolean isLess) {
        if (isTranslated()) {
            iommu.publish(dma(), isLess);
        }
    }

    /** Whether no worker uses that range of the IOMMU's addresses any more; else ask again. */
    boolean leaves(final long first, final long last) {
        return !isTranslated() || iommu.leaves(ringKind(), first, last);
    }

    /** Whether all rings that the IOMMU has moved to other memory have been taken back; else ask again. */
    boolean recallMoved() {
        return iommu.recallMoved(this::whenReady);
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
        forgetDma();
    }

    /**
     * Forgets what the IOMMU said if no ring runs any more: from then on nobody says what it takes back.
     */
    void forgetDma() {
        if (!isAnyRunning()) {
            iommu.iotlb.forget();
        }
    }

    /** All have been recalled: the device is as it was when the driver first saw it. */
    void resetAll() {
        for (final Vring ring : rings) {
            ring.reset();
        }
        forgetDma();
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
            if (!ring.isRunning() || ring.isParked()) {
                final RingSetup setup = whenReady(ring);
                if (setup == null && isTranslated()) {
                    ring.ask(ringKind(), iommu.iotlb);
                } else if (setup != null && ring.isAt(setup)) {
                    iommu.unpark(ring);
                } else if (setup != null && !ring.isRunning()) {
                    start(ring, setup);
                }
            }
        }
    }

    private RingSetup whenReady(final Vring ring) {
        return !hasFeatures ? null : ring.whenReady(features, this::locate, dma(),
            isTranslated() ? ring.slot.misses() : null, log());
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
        ring.started(setup);
    }

    /** Gives up everything the front-end handed over. All rings have been recalled. */
    @Override
    public void close() {
        for (final Vring ring : rings) {
            ring.close();
        }
        iommu.close();
        logArea(null);
        memory.close();
    }
}

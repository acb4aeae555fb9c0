/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import org.agrona.UnsafeApi;

/**
 * A virtqueue seen from the device: takes the chains that the driver made available, in their order, and returns them
 * in that order. {@link SplitRing} and {@link PackedRing} differ in where all of that is written.
 *
 * <pre>
 *   available(n)?   readPlain(n)                  use the buffers   completeReads(k)    publish()   wantsCall()?
 *                   rewind(), readChain() ...                       completeWrites(k)
 * </pre>
 *
 * <p>The guest may change any byte of a ring at any time. So each field is read once, into a local that is checked and
 * then used; where the ring stands is known only by private indexes; and nothing that this side wrote is ever read
 * back.
 *
 * <p>Chains that were read stay the driver's to this side: only those that are completed are gone on to, and the others
 * are read once more.
 *
 * <p>Thread safety: one worker at a time, handed over by {@link RingSlot}. Little-endian machines only.
 */
abstract class DeviceRing {
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;
    static final int DESCRIPTOR_SIZE = RingKind.DESCRIPTOR_LENGTH;
    /** Chains that can be read before the first of them is completed: 64 KiB merged over buffers of 256 bytes. */
    static final int MAX_READ = 257;

    final int size;
    final long desc;
    final int headerLength;
    /** How many chains were read since the last were completed. */
    int read;
    /** What the buffers that {@link #readPlain} finds are at least: a header and 8 bytes. */
    final int shortest;
    private final GuestMemory memory;
    private final boolean hasIndirect;
    private final boolean isMergeable;
    private final int hostOffloads;
    private final int guestOffloads;
    private final DirtyLog log;
    private final Fd kick;
    private RejectReason reject;
    // The region that held the last buffer, for most buffers are in the same one.
    long regionStart;
    long regionSize;
    long regionDelta;
    long touched;

    DeviceRing(final RingSetup setup) {
        memory = setup.memory();
        size = setup.size();
        desc = setup.descAddress();
        final long features = setup.features();
        hasIndirect = Features.has(features, Features.VIRTIO_F_INDIRECT_DESC);
        isMergeable = Features.has(features, Features.VIRTIO_NET_F_MRG_RXBUF);
        headerLength = NetHeader.length(features);
        shortest = headerLength + Long.BYTES;
        hostOffloads = OffloadFeatures.host(features);
        guestOffloads = OffloadFeatures.guest(features);
        log = setup.log();
        kick = setup.kick();
    }

    /** A ring of the kind that was negotiated. */
    static DeviceRing of(final RingSetup setup) {
        return RingKind.of(setup.features()) == RingKind.PACKED ? new PackedRing(setup) : new SplitRing(setup);
    }

    /** First thing on the worker that adopts the ring. A ring that comes from another worker goes on as it was. */
    abstract void start();

    /**
     * Tells the driver whether to signal new buffers. What is available when this returns was perhaps not signalled.
     */
    abstract void wantKick(boolean wanted);

    /** Where it would go on from, as in SET_VRING_BASE. */
    abstract int base();

    /**
     * Whether the driver has made chains available, and at most how many are worth reading.
     *
     * @param wanted 1 or more.
     * @return 0 for none; else how many chains to read may be tried, which need not all be there.
     */
    abstract int available(int wanted);

    /**
     * Reads the descriptors of the next chains, as far as each is one plain buffer in one region. The rest is for
     * {@link #readChain}, which also finds out what is wrong with a chain that is not plain. Forgets what was read
     * before.
     *
     * @param n         how many, at most what {@link #available} said.
     * @param direction {@link #WRITE} or 0: what the buffers have to be.
     * @param addresses receives where the buffers are in this process.
     * @param lengths   receives their lengths, none shorter than a header and 8 bytes.
     * @return how many were read.
     */
    abstract int readPlain(int n, int direction, long[] addresses, int[] lengths);

    /**
     * Reads one more chain of any form, behind those that were read since {@link #rewind}.
     *
     * @param chain     gets its buffers.
     * @param direction {@link #WRITE} or 0: what every buffer of the chain has to be.
     * @return false if there is none, or it is malformed: {@link #reject()} says which.
     */
    abstract boolean readChain(Chain chain, int direction);

    /** Forgets what was read and not completed: the next chain is the same as before. */
    abstract void rewind();

    /** Returns the first {@code n} chains that were read, with nothing written to them; {@link #publish} shows it. */
    abstract void completeReads(int n);

    /** Returns the first {@code n} chains that were read, with so many bytes written; {@link #publish} shows it. */
    abstract void completeWrites(int[] written, int n);

    /**
     * Shows the driver all that was completed since the last time.
     *
     * @return how many chains that were.
     */
    abstract int publish();

    /** Whether the driver wants to be called for what was published since this was last asked. */
    abstract boolean wantsCall();

    /** The driver's eventfd, or null. It stays the control loop's, and is open while a worker has the ring. */
    final Fd kick() {
        return kick;
    }

    final int headerLength() {
        return headerLength;
    }

    /** What packets of the guest may leave to be done. */
    final int hostOffloads() {
        return hostOffloads;
    }

    /** What packets for the guest may leave to be done. */
    final int guestOffloads() {
        return guestOffloads;
    }

    final boolean isMergeable() {
        return isMergeable;
    }

    final boolean canFault() {
        return !memory.isSealed();
    }

    /** Whether the front-end wants to know what is written; whoever writes calls {@link #written} then. */
    final boolean isLogged() {
        return log != null;
    }

    /** Marks what was written to the guest's memory. Before {@link #publish}. */
    final void written(final long localAddress, final long length) {
        if (log != null) {
            log.written(localAddress, length);
        }
    }

    final GuestMemory memory() {
        return memory;
    }

    /** Why the ring is broken, or null. */
    final RejectReason reject() {
        return reject;
    }

    /** Gives the ring up. Returns false, for whoever has to say that something was not read. */
    final boolean reject(final RejectReason reason) {
        reject = reason;
        return false;
    }

    /** Makes the region that wholly holds a buffer the one that is tried first. */
    final boolean findRegion(final long guestAddress, final long length) {
        final int region = memory.regionOf(guestAddress, length);
        if (region < 0) {
            return false;
        }
        regionStart = memory.guestAddress(region);
        regionSize = memory.size(region);
        regionDelta = memory.localAddress(region) - regionStart;
        return true;
    }

    /**
     * Where an indirect table is in this process: one that was negotiated, no longer than the ring, and in one region
     * (virtio 1.2, 2.7.5.3.1 and 2.8.7).
     *
     * @return {@link GuestMemory#NONE} if it cannot be; the ring is rejected then.
     */
    final long table(final long guestAddress, final long bytes) {
        final long entries = bytes / DESCRIPTOR_SIZE;
        final long local = hasIndirect && bytes % DESCRIPTOR_SIZE == 0 && entries >= 1 && entries <= size
            ? memory.translate(guestAddress, bytes) : GuestMemory.NONE;
        if (local == GuestMemory.NONE) {
            reject(RejectReason.INDIRECT_TABLE);
        }
        return local;
    }

    /**
     * Reads half a descriptor, once: an opaque read is not repeated. 2.7.5.3 lets an indirect table begin anywhere; one
     * that is not aligned is read by parts, each of them once.
     */
    static long word(final long at) {
        return at % Long.BYTES == 0 ? UnsafeApi.getLongOpaque(null, at) : UnsafeApi.getLongUnaligned(null, at);
    }
}

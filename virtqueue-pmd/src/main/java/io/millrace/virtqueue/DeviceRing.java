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
    /** Buffers that are looked at before they are needed: more than a packet of 64 KiB is merged over. */
    private static final int LOOK_AHEAD = 64;
    /** Chains that are looked at of those with addresses that are missing: the first is not to wait for all others. */
    private static final int LOOK_AHEAD_MISSING = 16;

    final int size;
    final long desc;
    final int headerLength;
    /** How many chains were read since the last were completed. */
    int read;
    /** What the buffers that {@link #readPlain} finds are at least: a header and 8 bytes. */
    final int shortest;
    private final boolean hasIndirect;
    private final boolean isMergeable;
    private final int hostOffloads;
    private final int guestOffloads;
    private final DirtyLog log;
    private final Fd kick;
    private final boolean canFault;
    private final Misses misses;
    private DmaMap dma;
    private RejectReason reject;
    // Chains, from the next one on, of which every address is known.
    private int ahead;
    private int lookAhead = 2;
    // The range that held the last buffer, for most buffers are in the same one.
    long regionStart;
    long regionSize;
    long regionDelta;
    long touched;

    DeviceRing(final RingSetup setup) {
        dma = setup.dma();
        canFault = !dma.isSealed();
        misses = setup.misses();
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
     * @return false if there is none, or it is malformed: {@link #reject()} says which. A chain with a
     *         {@link Chain#hasMiss miss} cannot be used now.
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
        return canFault;
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

    /** By which addresses buffers of a direction are reached. */
    final AddressMap dma(final int direction) {
        return dma.of(direction);
    }

    /** The same ring with other addresses from now on. Nothing is read and not completed. */
    final void dma(final DmaMap map) {
        dma = map;
        regionSize = 0;
        ahead = 0;
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

    /** Makes the range that wholly holds a buffer the one that is tried first. */
    final boolean findRegion(final long guestAddress, final long length, final int direction) {
        final AddressMap map = dma.of(direction);
        final int range = map.find(guestAddress, length);
        if (range < 0) {
            return false;
        }
        regionStart = map.start(range);
        regionSize = map.size(range);
        regionDelta = map.target(range) - regionStart;
        return true;
    }

    /**
     * Where an indirect table is in this process: one that was negotiated, no longer than the ring, and in one range of
     * memory (virtio 1.2, 2.7.5.3.1 and 2.8.7).
     *
     * @return {@link AddressMap#NONE} if it cannot be, and then the ring is rejected; or is not known, and then
     *         {@code chain} has a miss.
     */
    final long table(final Chain chain, final long guestAddress, final long bytes) {
        final long entries = bytes / DESCRIPTOR_SIZE;
        final boolean isTable = hasIndirect && bytes % DESCRIPTOR_SIZE == 0 && entries >= 1 && entries <= size;
        final long local = isTable ? dma.readable().translate(guestAddress, bytes) : AddressMap.NONE;
        if (local != AddressMap.NONE) {
            chain.passesTable();
        } else if (!isTable || !isTableMissing(chain, guestAddress, bytes)) {
            reject(RejectReason.INDIRECT_TABLE);
        }
        return local;
    }

    private boolean isTableMissing(final Chain chain, final long guestAddress, final long bytes) {
        if (!isTranslated()) {
            return false;
        }
        for (long at = guestAddress & -Misses.PAGE; at - guestAddress < bytes; at += Misses.PAGE) {
            if (dma.readable().find(at, 1) < 0) {
                chain.misses();
                if (!miss(at, 0)) {
                    break;
                }
            }
        }
        return chain.hasMiss();
    }

    /** Whether an IOMMU translates its addresses, so that those which are not known may come later. */
    final boolean isTranslated() {
        return misses != null;
    }

    /** Asks for an address of a ring that is translated. Returns whether more may be asked now. */
    final boolean miss(final long guestAddress, final int direction) {
        return misses.note(dma, guestAddress, direction == WRITE ? Misses.WRITE : Misses.READ);
    }

    /**
     * Asks for the addresses of available chains before they are needed, if an IOMMU translates them. Once per burst
     * and when there is nothing to do; forgets what was read.
     *
     * @param scratch   free to be used.
     * @param direction {@link #WRITE} or 0: what every buffer has to be.
     */
    final void lookAhead(final Chain scratch, final int direction) {
        if (!isTranslated()) {
            return;
        }
        rewindTo(ahead);
        int missing = 0;
        while (read < lookAhead && missing < LOOK_AHEAD_MISSING && misses.hasRoom()) {
            scratch.clear();
            if (!readChain(scratch, direction)) {
                break;
            }
            if (scratch.hasMiss()) {
                missing++;
            } else {
                // As many chains as have that many buffers, if all are like this one.
                lookAhead = Math.max(2, LOOK_AHEAD / Math.max(1, scratch.pieces()));
                if (missing == 0) {
                    ahead = read;
                    markAhead();
                }
            }
        }
        rewind();
    }

    /** So many chains were completed. */
    final void passed(final int chains) {
        ahead = Math.max(0, ahead - chains);
    }

    /** Keeps the place behind the chains that were read. */
    abstract void markAhead();

    /** Goes on reading behind so many chains: at the place that was marked, or none. */
    abstract void rewindTo(int chains);

    /** Hands over what was asked for. At the end of a burst. */
    final void tellMisses() {
        if (misses != null) {
            misses.tell();
        }
    }

    /**
     * Reads half a descriptor, once: an opaque read is not repeated. 2.7.5.3 lets an indirect table begin anywhere; one
     * that is not aligned is read by parts, each of them once.
     */
    static long word(final long at) {
        return at % Long.BYTES == 0 ? UnsafeApi.getLongOpaque(null, at) : UnsafeApi.getLongUnaligned(null, at);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import io.millrace.linux.Epoll;
import io.millrace.linux.EventFd;
import org.agrona.UnsafeApi;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * A split ring, driven by hand (virtio 1.2, 2.7), with a buffer of 2 KiB for each descriptor. Its memory, in one piece:
 *
 * <pre>
 *   0              0x2000       0x3000        0x4000                      0x10000
 *   +--------------+------------+-------------+---------------------------+----------------------+
 *   | descriptors  | avail      | used        | indirect tables, 64 bytes | buffers, 2048 each   |
 *   +--------------+------------+-------------+---------------------------+----------------------+
 * </pre>
 */
final class Ring implements AutoCloseable {
    static final int SIZE = 256;
    static final long BYTES = 0x10000 + 2048L * SIZE;
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;

    private static final long AVAIL = 0x2000;
    private static final long USED = 0x3000;
    private static final long TABLES = 0x4000;
    private static final long BUFFERS = 0x10000;
    private static final int NO_NOTIFY = 1;
    private static final int PACKED_AVAIL = 1 << 7;
    private static final int PACKED_USED = 1 << 15;
    private static final long PAUSE_NS = 50_000;
    private static final int ETHERNET = 14;

    final int index;
    final EventFd kick = EventFd.create();
    final EventFd call = EventFd.create();
    private final Guest guest;
    private final long start;
    private final Epoll epoll = Epoll.create();
    private int nextAvail;
    private int published;
    private int lastUsed;

    Ring(final Guest guest, final int index) {
        this.guest = guest;
        this.index = index;
        this.start = guest.mapping.address() + index * BYTES;
        epoll.add(call.fd(), Epoll.IN, 0);
    }

    /** The payload of SET_VRING_ADDR. */
    ByteBuffer addresses(final int flags) {
        final long user = Guest.USER_ADDRESS + index * BYTES;
        return Wire.payload(40).putInt(index).putInt(flags).putLong(user).putLong(user + USED).putLong(user + AVAIL)
            .putLong(guestAddress(USED)).flip();
    }

    private long guestAddress(final long offset) {
        return Guest.GUEST_ADDRESS + index * BYTES + offset;
    }

    /** The guest address of a buffer. */
    long buffer(final int i) {
        return guestAddress(BUFFERS + 2048L * (i & SIZE - 1));
    }

    private long localBuffer(final int i) {
        return start + BUFFERS + 2048L * (i & SIZE - 1);
    }

    /** The driver begins anew, as after a reset: all indexes are 0. */
    void reset() {
        UnsafeApi.setMemory(start, BUFFERS, (byte) 0);
        nextAvail = 0;
        published = 0;
        lastUsed = 0;
    }

    void desc(final int i, final long address, final int length, final int flags, final int next) {
        entry(start + 16L * i, address, length, flags, next);
    }

    private static void entry(final long at, final long address, final int length, final int flags, final int next) {
        UnsafeApi.putLong(at, address);
        UnsafeApi.putInt(at + 8, length);
        UnsafeApi.putShort(at + 12, (short) flags);
        UnsafeApi.putShort(at + 14, (short) next);
    }

    /** Makes a chain available that begins at that descriptor; not visible before {@link #publish}. */
    void avail(final int head) {
        UnsafeApi.putShort(start + AVAIL + 4 + 2L * (nextAvail++ & SIZE - 1), (short) head);
    }

    /** Makes {@code n} empty buffers available. */
    void postReceive(final int n) {
        for (int i = 0; i < n; i++) {
            final int slot = nextAvail & SIZE - 1;
            desc(slot, buffer(slot), 2048, WRITE, 0);
            avail(slot);
        }
    }

    /** Makes a numbered packet available in one buffer. */
    void postPacket(final int length, final int number) {
        final int slot = nextAvail & SIZE - 1;
        desc(slot, buffer(slot), fill(slot, length, number), 0, 0);
        avail(slot);
    }

    /** Makes a packet available in pieces, by descriptors from {@code slot} on: lengths of all but the last. */
    void postPieces(final int slot, final int length, final int number, final int... pieces) {
        final int total = fill(slot, length, number);
        int done = 0;
        for (int i = 0; i <= pieces.length; i++) {
            final int piece = i < pieces.length ? pieces[i] : total - done;
            desc(slot + i, buffer(slot) + done, piece, i < pieces.length ? NEXT : 0, slot + i + 1);
            done += piece;
        }
        avail(slot);
    }

    /** Makes a packet available by an indirect table of a header and a packet. */
    void postIndirect(final int slot, final int length, final int number) {
        final int total = fill(slot, length, number);
        final long table = start + TABLES + 64L * slot;
        entry(table, buffer(slot), guest.headerLength(), NEXT, 1);
        entry(table + 16, buffer(slot) + guest.headerLength(), total - guest.headerLength(), 0, 0);
        desc(slot, guestAddress(TABLES + 64L * slot), 32, INDIRECT, 0);
        avail(slot);
    }

    /** Writes a header of zeros and a packet, and returns the length of both. */
    private int fill(final int slot, final int length, final int number) {
        final int header = guest.headerLength();
        final long at = localBuffer(slot);
        UnsafeApi.setMemory(at, header + ETHERNET, (byte) 0);
        UnsafeApi.putByte(at + header, (byte) 2);
        UnsafeApi.putByte(at + header + 6, (byte) 6);
        UnsafeApi.putShort(at + header + 12, (short) 0xb588);
        for (int i = ETHERNET; i < length; i++) {
            UnsafeApi.putByte(at + header + i, (byte) (number + i));
        }
        return header + length;
    }

    /** Fails unless the {@code i}-th used buffer holds that packet. */
    void check(final int length, final int number) {
        final long element = UnsafeApi.getLong(start + USED + 4 + 8L * (lastUsed & SIZE - 1));
        final int slot = (int) element;
        final int header = guest.headerLength();
        Unmet.unless(slot >= 0 && slot < SIZE, "the used ring names descriptor " + slot);
        Unmet.unless((int) (element >>> 32) == header + length,
            "a packet of " + length + " bytes comes back as " + ((int) (element >>> 32) - header));
        for (int i = ETHERNET; i < length; i++) {
            Unmet.unless(UnsafeApi.getByte(localBuffer(slot) + header + i) == (byte) (number + i),
                "packet " + number + " of " + length + " bytes comes back out of order, or with another byte " + i);
        }
        lastUsed++;
    }

    /** Fails unless the next three used buffers of {@code size} bytes hold that packet between them. */
    void checkMerged(final int size, final int length, final int number) {
        final int header = guest.headerLength();
        for (int done = 0; done < header + length; done += size) {
            final long element = UnsafeApi.getLong(start + USED + 4 + 8L * (lastUsed & SIZE - 1));
            final int piece = Math.min(size, header + length - done);
            Unmet.unless((int) (element >>> 32) == piece,
                "a buffer holds " + (element >>> 32) + " bytes, not " + piece);
            final long at = localBuffer((int) element);
            if (done == 0) {
                final int count = UnsafeApi.getShort(at + 10) & 0xffff;
                Unmet.unless(count == (header + length + size - 1) / size, "num_buffers is " + count);
            }
            for (int i = Math.max(done, header + ETHERNET); i < done + piece; i++) {
                Unmet.unless(UnsafeApi.getByte(at + i - done) == (byte) (number + i - header),
                    "another byte " + (i - header));
            }
            lastUsed++;
        }
    }

    /** Makes the {@code i}-th packet available on a packed ring (virtio 1.2, 2.8), in its first round. */
    void postPacked(final int i) {
        final long at = start + 16L * i;
        UnsafeApi.putLong(at, buffer(i));
        UnsafeApi.putInt(at + 8, fill(i, 60, i));
        UnsafeApi.putIntRelease(null, at + 12, i | PACKED_AVAIL << 16);
    }

    /** Waits until the {@code i}-th one has come back. */
    void awaitPacked(final int i) {
        final int flags = PACKED_AVAIL | PACKED_USED;
        final long startNs = System.nanoTime();
        while ((UnsafeApi.getIntAcquire(null, start + 16L * i + 12) >>> 16 & flags) != flags) {
            Unmet.unless(System.nanoTime() - startNs < guest.patience.toNanos(), "packet " + i + " does not come back");
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    /** Shows the back-end what was made available. */
    void publish() {
        UnsafeApi.putShortRelease(null, start + AVAIL + 2, (short) nextAvail);
    }

    /** As {@link #publish}, and kicks if the back-end wants that. */
    void publishAndKick(final boolean hasEventIndex) {
        publish();
        UnsafeApi.fullFence();
        final int from = published;
        published = nextAvail;
        if (hasEventIndex) {
            final int event = UnsafeApi.getShortAcquire(null, start + USED + 4 + 8L * SIZE);
            // virtio 1.2, 2.7.10.1, modulo 2^16
            if ((nextAvail - event - 1 & 0xffff) < (nextAvail - from & 0xffff)) {
                kick.signal();
            }
        } else if ((UnsafeApi.getShortAcquire(null, start + USED) & NO_NOTIFY) == 0) {
            kick.signal();
        }
    }

    /** Says that there is more than the ring holds. */
    void publishBeyond() {
        UnsafeApi.putShortRelease(null, start + AVAIL + 2, (short) (nextAvail + SIZE + 1));
    }

    /** Asks to be called for the next used buffer. */
    void wantCall() {
        UnsafeApi.putShortRelease(null, start + AVAIL + 4 + 2L * SIZE, (short) lastUsed);
        UnsafeApi.fullFence();
    }

    /** Waits for a call, and takes it; fails if none comes. */
    void awaitCall(final String why) {
        Unmet.unless(epoll.awaitNs(guest.patience.toNanos()) > 0, why);
        call.drain();
    }

    /** How many buffers came back that were not taken. */
    int used() {
        return UnsafeApi.getShortAcquire(null, start + USED + 2) - lastUsed & 0xffff;
    }

    /** The used index as it is. */
    int usedIndex() {
        return UnsafeApi.getShortAcquire(null, start + USED + 2) & 0xffff;
    }

    /** Takes all that came back without a look. */
    void takeUsed() {
        lastUsed += used();
    }

    /** How far the driver has come. */
    int next() {
        return nextAvail & 0xffff;
    }

    /** Waits until {@code n} more buffers have come back. */
    void awaitUsed(final int n) {
        Unmet.unless(isUsedWithin(n, guest.patience), n + " buffers were made available on ring " + index + ", "
            + used() + " came back within " + guest.patience.toMillis() + " ms");
    }

    boolean isUsedWithin(final int n, final Duration time) {
        final long startNs = System.nanoTime();
        while (used() < n) {
            if (System.nanoTime() - startNs > time.toNanos()) {
                return false;
            }
            LockSupport.parkNanos(PAUSE_NS);
        }
        return true;
    }

    /** Fails if a buffer comes back. */
    void mustStayQuiet(final String why) {
        Unmet.unless(!isUsedWithin(1, Guest.QUIET), why);
    }

    @Override
    public void close() {
        epoll.close();
        kick.close();
        call.close();
    }
}

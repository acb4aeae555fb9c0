/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.linux.Mapping;
import io.millrace.linux.SharedMemory;
import org.agrona.UnsafeApi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest for tests: memory in two regions that touch in the guest's view and not in ours, and a split ring whose every
 * byte the test may set, to what a driver would write or to what none should.
 */
final class SplitGuest implements AutoCloseable {
    static final long BASE = 0x4000_0000L;
    static final int REGION = 1 << 20;
    static final int BUFFERS = 0x10000;

    private static final int DESC = 0;
    private static final int AVAIL = 0x4000;
    static final int USED = 0x6000;

    final int size;
    final Fd fd;
    final EventFd kick = EventFd.create();
    private final Mapping low;
    private final Mapping high;
    private int availIndex;

    SplitGuest(final int size) {
        this.size = size;
        fd = SharedMemory.create("guest", 2L * REGION, false);
        low = Mapping.map(fd, 0, REGION, "guest low");
        // Mapped the other way round, so that an access that runs over the end of one does not find the other.
        high = Mapping.map(fd, REGION, REGION, "guest high");
    }

    GuestMemory memory(final boolean isSealed) {
        final List<GuestRegion> regions = new ArrayList<>();
        regions.add(new GuestRegion(BASE, BASE, REGION, low, 0, isSealed));
        regions.add(new GuestRegion(BASE + REGION, BASE + REGION, REGION, high, 0, isSealed));
        return new GuestMemory(regions);
    }

    RingSetup setup(final long features) {
        return setup(features, true);
    }

    RingSetup setup(final long features, final boolean isSealed) {
        return new RingSetup(1, size, low.address() + DESC, low.address() + AVAIL, low.address() + USED, 0, features,
            memory(isSealed), kick.fd());
    }

    long local(final long guestAddress) {
        final long offset = guestAddress - BASE;
        return offset < REGION ? low.address() + offset : high.address() + offset - REGION;
    }

    /** The guest address of the {@code i}-th of many buffers of 2 KiB. */
    long buffer(final int i) {
        return BASE + BUFFERS + 2048L * i;
    }

    void desc(final int index, final long address, final long length, final int flags, final int next) {
        tableEntry(BASE + DESC, index, address, length, flags, next);
    }

    void tableEntry(final long table, final int index, final long address, final long length, final int flags,
        final int next) {
        final long at = local(table) + 16L * index;
        UnsafeApi.putLong(at, address);
        UnsafeApi.putInt(at + 8, (int) length);
        UnsafeApi.putShort(at + 12, (short) flags);
        UnsafeApi.putShort(at + 14, (short) next);
    }

    void avail(final int... heads) {
        for (final int head : heads) {
            UnsafeApi.putShort(low.address() + AVAIL + 4 + 2L * (availIndex++ & size - 1), (short) head);
        }
        availIndex(availIndex);
    }

    void availIndex(final int index) {
        UnsafeApi.putShortRelease(null, low.address() + AVAIL + 2, (short) index);
    }

    void availFlags(final int flags) {
        UnsafeApi.putShort(low.address() + AVAIL, (short) flags);
    }

    void usedEvent(final int index) {
        UnsafeApi.putShort(low.address() + AVAIL + 4 + 2L * size, (short) index);
    }

    int availEvent() {
        return UnsafeApi.getShort(low.address() + USED + 4 + 8L * size) & 0xffff;
    }

    int usedFlags() {
        return UnsafeApi.getShort(low.address() + USED) & 0xffff;
    }

    int usedIndex() {
        return UnsafeApi.getShortAcquire(null, low.address() + USED + 2) & 0xffff;
    }

    void usedIndex(final int index) {
        UnsafeApi.putShort(low.address() + USED + 2, (short) index);
        availIndex = index;
        availIndex(index);
    }

    int usedId(final int i) {
        return UnsafeApi.getInt(low.address() + USED + 4 + 8L * (i & size - 1));
    }

    int usedLength(final int i) {
        return UnsafeApi.getInt(low.address() + USED + 8 + 8L * (i & size - 1));
    }

    /** Puts a header of {@code header} zero bytes and a packet of {@code length} bytes, counting from {@code first}. */
    void packet(final long guestAddress, final int header, final int length, final int first) {
        for (int i = 0; i < header; i++) {
            UnsafeApi.putByte(local(guestAddress + i), (byte) 0);
        }
        for (int i = 0; i < length; i++) {
            UnsafeApi.putByte(local(guestAddress + header + i), (byte) (first + i));
        }
    }

    byte at(final long guestAddress) {
        return UnsafeApi.getByte(local(guestAddress));
    }

    /** Takes all buffers away under the device. */
    void truncate() {
        truncate(BUFFERS);
    }

    /** Takes everything away, the ring too. */
    void truncateAll() {
        truncate(0);
    }

    private void truncate(final long length) {
        try (FileChannel file = FileChannel.open(Path.of("/proc/self/fd/" + fd.number()), StandardOpenOption.WRITE)) {
            file.truncate(length);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        kick.close();
        low.close();
        high.close();
        fd.close();
    }
}

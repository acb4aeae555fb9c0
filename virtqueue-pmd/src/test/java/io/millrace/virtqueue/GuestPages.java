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

/** A guest's memory for tests, in two regions that touch in the guest's view and not in ours. */
abstract class GuestPages implements AutoCloseable {
    static final long BASE = 0x4000_0000L;
    static final int REGION = 1 << 20;
    static final int BUFFERS = 0x10000;

    final int size;
    final Fd fd;
    final EventFd kick = EventFd.create();
    /** Set before a ring is started: that logs what it writes. */
    LogArea logArea;
    final Mapping low;
    private final Mapping high;

    GuestPages(final int size) {
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

    /** The ring as the device gets it. */
    abstract RingSetup setup(long features, boolean isSealed);

    DirtyLog log(final GuestMemory memory) {
        return logArea == null ? null : new DirtyLog(memory, logArea);
    }

    long local(final long guestAddress) {
        final long offset = guestAddress - BASE;
        return offset < REGION ? low.address() + offset : high.address() + offset - REGION;
    }

    /** The guest address of the {@code i}-th of many buffers of 2 KiB. */
    long buffer(final int i) {
        return BASE + BUFFERS + 2048L * i;
    }

    void tableEntry(final long table, final int index, final long address, final long length, final int flags,
        final int next) {
        final long at = local(table) + 16L * index;
        UnsafeApi.putLong(at, address);
        UnsafeApi.putInt(at + 8, (int) length);
        UnsafeApi.putShort(at + 12, (short) flags);
        UnsafeApi.putShort(at + 14, (short) next);
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

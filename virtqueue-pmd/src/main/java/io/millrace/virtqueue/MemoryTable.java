/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.linux.FileStatus;
import io.millrace.linux.Mapping;
import io.millrace.virtqueue.ProtocolViolation.Reason;
import org.agrona.UnsafeApi;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The memory that one front-end shares with us, and the owner of its mappings.
 *
 * <p>A change happens in two steps. The message makes a new table, checked and mapped; the rings are taken back; then
 * the new table is adopted, and what only the old one used is unmapped. A message that is refused, or never comes to
 * its second step, leaves the old table as it was.
 *
 * <p>Thread safety: control loop only.
 */
final class MemoryTable implements AutoCloseable {
    /** The most that one front-end can have us map. What it makes us touch is charged to this process. */
    static final long MAX_BYTES = 1L << 40;

    private static final int SIZE_OFFSET = 8;
    private static final int USER_ADDRESS_OFFSET = 16;
    private static final int FILE_OFFSET_OFFSET = 24;

    private GuestMemory memory = new GuestMemory(List.of());
    /** How often each region was added again. */
    private final Map<GuestRegion, Integer> repeats = new HashMap<>();

    /** The table as it is. */
    GuestMemory memory() {
        return memory;
    }

    /**
     * SET_MEM_TABLE: a table of the regions of the message alone.
     *
     * @return to be {@link #adopt adopted} or {@link #discard discarded}.
     */
    GuestMemory replacement(final Message message) throws ProtocolViolation {
        final int count = (int) message.u32(0);
        GuestMemory next = new GuestMemory(List.of());
        try {
            for (int i = 0; i < count; i++) {
                next = with(next, message, Payload.REGIONS_OFFSET + i * Payload.REGION_LENGTH, i);
            }
            final GuestMemory complete = next;
            next = memory;
            return complete;
        } finally {
            discard(next);
        }
    }

    /**
     * ADD_MEM_REG: this table and one more region. To be adopted or discarded.
     *
     * <p>A region may come again: QEMU before 8.0 adds, and removes, each region once for every queue pair. It stays
     * until it was removed as often.
     */
    GuestMemory addition(final Message message) throws ProtocolViolation {
        final Optional<GuestRegion> known = find(message);
        if (known.isPresent()) {
            repeats.merge(known.get(), 1, Integer::sum);
            return memory;
        }
        return with(memory, message, Payload.REGIONS_OFFSET, 0);
    }

    /** REM_MEM_REG: this table without one region. To be adopted or discarded. */
    GuestMemory removal(final Message message) throws ProtocolViolation {
        final Optional<GuestRegion> known = find(message);
        if (known.isEmpty()) {
            throw new ProtocolViolation(Reason.BAD_MEMORY, "REM_MEM_REG: there is no region of "
                + message.u64(Payload.REGIONS_OFFSET + SIZE_OFFSET) + " bytes at guest address 0x"
                + Long.toHexString(message.u64(Payload.REGIONS_OFFSET)));
        }
        if (repeats.containsKey(known.get())) {
            repeats.computeIfPresent(known.get(), (region, times) -> times > 1 ? times - 1 : null);
            return memory;
        }
        final List<GuestRegion> left = new ArrayList<>(memory.regions());
        left.remove(known.get());
        return new GuestMemory(left);
    }

    /** The region of this table that a message of one region means. */
    private Optional<GuestRegion> find(final Message message) {
        final long guestAddress = message.u64(Payload.REGIONS_OFFSET);
        final long size = message.u64(Payload.REGIONS_OFFSET + SIZE_OFFSET);
        final long userAddress = message.u64(Payload.REGIONS_OFFSET + USER_ADDRESS_OFFSET);
        // The offset in the file is not compared: when QEMU removes a region, it sends 0.
        return memory.regions().stream().filter(region -> region.guestAddress() == guestAddress
            && region.size() == size && region.userAddress() == userAddress).findFirst();
    }

    /** Makes {@code next} the table. No ring uses what is in the old one only: it is unmapped. */
    void adopt(final GuestMemory next) {
        final GuestMemory old = memory;
        memory = next;
        repeats.keySet().retainAll(next.regions());
        closeAllBut(next, old);
    }

    /** Forgets a table that was made and will not be adopted. */
    void discard(final GuestMemory next) {
        closeAllBut(memory, next);
    }

    /** Puts zeros in place of all of it, for the case that a worker cannot be made to let go. */
    void overmap() {
        memory.regions().forEach(region -> region.mapping().overmap());
    }

    /** Whether all files are still as long as they were. If not, those that are not are replaced by zeros. */
    boolean isBacked() {
        boolean isBacked = true;
        for (final GuestRegion region : memory.regions()) {
            if (!region.mapping().isBacked()) {
                region.mapping().overmap();
                isBacked = false;
            }
        }
        return isBacked;
    }

    /** Has the kernel find the pages of a stretch of this process that lies in one region; false if it cannot. */
    boolean populate(final long localAddress, final long length) {
        for (final GuestRegion region : memory.regions()) {
            final long offset = localAddress - region.mapping().address();
            if (offset >= 0 && offset <= region.mapping().length() - length) {
                return region.mapping().populate(offset, length);
            }
        }
        return false;
    }

    /** Unmaps everything. No ring uses it. */
    @Override
    public void close() {
        adopt(new GuestMemory(List.of()));
    }

    private static void closeAllBut(final GuestMemory kept, final GuestMemory closed) {
        for (final GuestRegion region : closed.regions()) {
            if (!kept.regions().contains(region)) {
                region.mapping().close();
            }
        }
    }

    private static GuestMemory with(final GuestMemory table, final Message message, final int at, final int fd)
        throws ProtocolViolation {
        final long guestAddress = message.u64(at);
        final long size = message.u64(at + SIZE_OFFSET);
        final long userAddress = message.u64(at + USER_ADDRESS_OFFSET);
        final long offset = message.u64(at + FILE_OFFSET_OFFSET);
        checkRange("guest address", guestAddress, size);
        checkRange("user address", userAddress, size);
        checkFits(table, guestAddress, userAddress, size);
        final List<GuestRegion> regions = new ArrayList<>(table.regions());
        try (Fd file = message.takeFd(fd)) {
            regions.add(map(file, guestAddress, userAddress, size, offset));
        }
        return new GuestMemory(regions);
    }

    private static void checkRange(final String what, final long start, final long size) throws ProtocolViolation {
        if (size <= 0 || size > MAX_BYTES) {
            throw new ProtocolViolation(size == 0 ? Reason.BAD_MEMORY : Reason.TOO_MUCH_MEMORY,
                "a memory region of " + Long.toUnsignedString(size) + " bytes: 1 to " + MAX_BYTES + " are possible");
        }
        if (Long.compareUnsigned(start + size, start) < 0) {
            throw new ProtocolViolation(Reason.BAD_MEMORY,
                "a memory region beyond the end of the address space: " + what + " 0x" + Long.toHexString(start));
        }
    }

    private static void checkFits(final GuestMemory table, final long guestAddress, final long userAddress,
        final long size) throws ProtocolViolation {
        long total = size;
        for (final GuestRegion other : table.regions()) {
            if (overlaps(guestAddress, size, other.guestAddress(), other.size())
                || overlaps(userAddress, size, other.userAddress(), other.size())) {
                throw new ProtocolViolation(Reason.BAD_MEMORY,
                    "a memory region that overlaps another: guest address 0x" + Long.toHexString(guestAddress));
            }
            total += other.size();
        }
        if (total > MAX_BYTES || table.regions().size() == DeviceOffer.MAX_MEMORY_SLOTS) {
            throw new ProtocolViolation(Reason.TOO_MUCH_MEMORY, "more than " + MAX_BYTES + " bytes or "
                + DeviceOffer.MAX_MEMORY_SLOTS + " regions of memory");
        }
    }

    /** Both lie below 2^64, so differences tell. */
    private static boolean overlaps(final long a, final long sizeOfA, final long b, final long sizeOfB) {
        return Long.compareUnsigned(a, b) < 0
            ? Long.compareUnsigned(b - a, sizeOfA) < 0
            : Long.compareUnsigned(a - b, sizeOfB) < 0;
    }

    private static GuestRegion map(final Fd file, final long guestAddress, final long userAddress, final long size,
        final long offset) throws ProtocolViolation {
        final FileStatus status = file.status();
        if (!status.isRegular() || !status.isMemory() || !status.isWritable()) {
            throw new ProtocolViolation(Reason.WRONG_FILE, "memory in " + file.target()
                + ", which is not a memfd or a file on tmpfs or hugetlbfs that is open for reading and writing");
        }
        if (offset < 0 || offset % UnsafeApi.pageSize() != 0) {
            throw new ProtocolViolation(Reason.BAD_MEMORY,
                "a memory region that starts inside a page: offset 0x" + Long.toHexString(offset));
        }
        if (size > status.size() - offset) {
            throw new ProtocolViolation(Reason.MEMORY_GONE, "a memory region of " + size + " bytes from " + offset
                + " in a file of " + status.size());
        }
        // Huge pages are mapped whole: a region may start inside of one, as the memory above 640 KiB of a PC does.
        final long pageSize = status.isHuge() ? status.blockSize() : UnsafeApi.pageSize();
        final long before = offset % pageSize;
        final Mapping mapping = Mapping.map(file, offset - before, before + size,
            "guest memory at 0x" + Long.toHexString(guestAddress));
        return new GuestRegion(guestAddress, userAddress, size, mapping, before, status.isSealedAgainstShrinking());
    }
}

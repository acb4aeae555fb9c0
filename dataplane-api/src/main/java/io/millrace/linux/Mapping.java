/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.IdentityHashMap;
import java.util.Map;
import net.openhft.chronicle.core.io.AbstractReferenceCounted;
import net.openhft.chronicle.core.io.ReferenceOwner;
import org.agrona.UnsafeApi;

/**
 * One stretch of memory from {@code mmap}. It stays mapped until its maker has closed it and everybody who reserved it
 * has released it: unmapping under a reader kills the JVM.
 *
 * <p>Memory shared with a stranger can lose its file at any time. Reading it then is a SIGBUS, which the JVM turns into
 * an {@link InternalError} at best. {@link #populate} and {@link #isBacked} find that out in the kernel, where the same
 * thing is only an error number; {@link #overmap()} makes an address range harmless while others still read it.
 *
 * <p>Thread safety: all methods from any thread. {@link #populate}, {@link #isBacked} and {@link #overmap} need a
 * reservation, as does every access. With {@code -Djvm.resource.tracing=true} a mapping that was never unmapped is
 * reported with the stack trace of whoever reserved it last.
 */
public final class Mapping implements AutoCloseable {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MADV_POPULATE_WRITE = 23;
    private static final int EHWPOISON = 133;
    private static final int IOVEC_LENGTH = 16;

    private final String name;
    private final long address;
    private final long length;
    private final long mappedLength;
    private final References references = new References();
    private final Map<Object, ReferenceOwner> owners = new IdentityHashMap<>();
    private boolean closed;

    private Mapping(final String name, final long address, final long length, final long mappedLength) {
        this.name = name;
        this.address = address;
        this.length = length;
        this.mappedLength = mappedLength;
    }

    /**
     * Maps part of a file, readable, writable and shared. The descriptor may be closed afterwards.
     *
     * @param offset where in the file it starts: a multiple of the page size, huge pages included.
     * @param length in bytes, more than 0.
     * @param name   what it is, for messages.
     */
    public static Mapping map(final Fd fd, final long offset, final long length, final String name) {
        final FileStatus status = fd.status();
        // The kernel rounds up to whole pages when it maps, but for huge pages not when it unmaps.
        final long pageSize = status.isHuge() ? status.blockSize() : UnsafeApi.pageSize();
        final long address = LibC.mmap(0, length, PROT_READ_WRITE, MAP_SHARED, fd.number(), offset);
        return of(address, length, pageSize, name);
    }

    /** Maps memory of our own: zeros, shared with nobody. */
    public static Mapping anonymous(final long length, final String name) {
        final long address = LibC.mmap(0, length, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return of(address, length, UnsafeApi.pageSize(), name);
    }

    private static Mapping of(final long address, final long length, final long pageSize, final String name) {
        if (address == -1) {
            final int errno = LibC.errno();
            throw new LinuxException("map " + length + " bytes of " + name, errno, switch (errno) {
                case Errno.ENOMEM -> "free memory or huge pages, or raise vm.max_map_count";
                case Errno.EINVAL -> "length must be more than 0 and offset a multiple of the page size, " + pageSize;
                case Errno.EACCES -> "the file must be open for reading and writing";
                case Errno.ENODEV -> "this kind of file cannot be mapped";
                default -> "";
            });
        }
        return new Mapping(name, address, length, roundUp(length, pageSize));
    }

    /** Where it starts. */
    public long address() {
        return address;
    }

    /** How many bytes were asked for. */
    public long length() {
        return length;
    }

    /** What it is, as given when it was mapped. */
    public String name() {
        return name;
    }

    /**
     * Has the kernel find a page for every byte of a range now, instead of at the first touch. Kernels before 5.14
     * cannot do that; there it does nothing and returns true.
     *
     * @return false if there is none: the file ends before, or huge pages have run out. Touching it would be a SIGBUS.
     */
    public boolean populate(final long offset, final long rangeLength) {
        checkRange(offset, rangeLength);
        final long pageMask = -UnsafeApi.pageSize();
        final long from = address + offset & pageMask;
        final long to = roundUp(address + offset + rangeLength, UnsafeApi.pageSize());
        int rc;
        do {
            rc = LibC.madvise(from, to - from, MADV_POPULATE_WRITE);
        } while (LibC.interrupted(rc));
        final int errno = rc == 0 ? 0 : LibC.errno();
        return switch (errno) {
            case 0, Errno.EINVAL -> true;
            case Errno.EFAULT, EHWPOISON -> false;
            default -> throw new LinuxException("populate " + rangeLength + " bytes of " + name, errno,
                "free memory or raise the memory limit of this process");
        };
    }

    /**
     * Whether the file still reaches to the end of this mapping. The kernel reads the last byte on our behalf, because
     * a file that was cut short has lost that one first; a sparse file does not grow by more than one page.
     */
    public boolean isBacked() {
        try (Scratch scratch = new Scratch(2 * IOVEC_LENGTH + 1)) {
            scratch.putLong(0, scratch.address() + 2 * IOVEC_LENGTH);
            scratch.putLong(8, 1);
            scratch.putLong(IOVEC_LENGTH, address + length - 1);
            scratch.putLong(IOVEC_LENGTH + 8, 1);
            final long n = LibC.processVmReadv((int) ProcessHandle.current().pid(), scratch.address(), 1,
                scratch.address() + IOVEC_LENGTH, 1, 0);
            if (n == -1 && LibC.errno() != Errno.EFAULT) {
                throw new LinuxException("probe " + name, LibC.errno(), "allow process_vm_readv (seccomp)");
            }
            return n == 1;
        }
    }

    /**
     * Puts zeros of our own in place of the file, at the same addresses. Threads that read or write at this moment do
     * not notice: nobody faults, and nothing of it reaches the file any more.
     */
    public void overmap() {
        final int flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        if (LibC.mmap(address, mappedLength, PROT_READ_WRITE, flags, -1, 0) == -1) {
            throw new LinuxException("put zeros in place of " + name, LibC.errno(), "raise vm.max_map_count");
        }
    }

    /**
     * Keeps it mapped until {@code owner} releases it.
     *
     * @param owner who uses it, compared by identity; its {@code toString()} appears in leak reports.
     * @throws IllegalStateException if it is unmapped already, or {@code owner} has reserved it already.
     */
    public synchronized void reserve(final Object owner) {
        if (owners.containsKey(owner)) {
            throw new IllegalStateException(owner + " has reserved " + name + " already");
        }
        final ReferenceOwner reference = ReferenceOwner.temporary(String.valueOf(owner));
        references.reserve(reference);
        owners.put(owner, reference);
    }

    /**
     * Gives a reservation back; the last one unmaps.
     *
     * @throws IllegalStateException if {@code owner} holds none.
     */
    public synchronized void release(final Object owner) {
        final ReferenceOwner reference = owners.remove(owner);
        if (reference == null) {
            throw new IllegalStateException(owner + " has not reserved " + name);
        }
        references.release(reference);
    }

    /** Gives back what the maker holds; unmaps if nobody else has reserved it. Later calls do nothing. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            references.release(ReferenceOwner.INIT);
        }
    }

    @Override
    public String toString() {
        return name + " (" + length + " bytes at 0x" + Long.toHexString(address) + ")";
    }

    private void checkRange(final long offset, final long rangeLength) {
        if (offset < 0 || rangeLength < 1 || rangeLength > length - offset) {
            throw new IllegalArgumentException(
                rangeLength + " bytes from " + offset + " are not inside the " + length + " bytes of " + name);
        }
    }

    private static long roundUp(final long value, final long pageSize) {
        return value + pageSize - 1 & -pageSize;
    }

    /** The count itself, and who holds it when resources are traced. */
    private final class References extends AbstractReferenceCounted {
        References() {
            singleThreadedCheckDisabled(true);
        }

        @Override
        protected void performRelease() {
            LibC.munmap(address, mappedLength);
        }

        @Override
        public String toString() {
            return Mapping.this.toString();
        }
    }
}

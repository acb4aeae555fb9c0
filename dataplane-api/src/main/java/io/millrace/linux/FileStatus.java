/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * What kind of file a descriptor refers to. Made for descriptors that came from strangers, so it never asks a file
 * system that could keep us waiting: a FUSE server that never answers stops {@code fstat} and {@code fstatfs} for good.
 * Seals tell memory from everything else without asking, because only tmpfs and hugetlbfs have them.
 *
 * @param type       the S_IFMT bits of the mode.
 * @param size       in bytes.
 * @param blockSize  in bytes: for hugetlbfs, that of a huge page.
 * @param fsMagic    the type of the file system if it is tmpfs (so is a memfd) or hugetlbfs, else 0.
 * @param accessMode O_RDONLY (0), O_WRONLY (1) or O_RDWR (2); O_PATH descriptors look like O_RDONLY.
 * @param seals      F_SEAL_x bits; 0 where the file can have none.
 */
public record FileStatus(int type, long size, long blockSize, long fsMagic, int accessMode, int seals) {
    private static final int S_IFREG = 0x8000;
    private static final int O_ACCMODE = 3;
    private static final int O_RDWR = 2;
    private static final int F_GETFL = 3;
    private static final int F_GET_SEALS = 1034;
    private static final int F_SEAL_SHRINK = 2;
    private static final long TMPFS_MAGIC = 0x01021994L;
    private static final long HUGETLBFS_MAGIC = 0x958458f6L;

    // struct statx, the same on every architecture and in C libraries older than 2.33, unlike struct stat
    private static final int STATX_LENGTH = 256;
    private static final int STX_BLKSIZE_OFFSET = 4;
    private static final int STX_MODE_OFFSET = 28;
    private static final int STX_SIZE_OFFSET = 40;
    // Asking for no field at all: the kernel fills in what it knows, and has no reason to ask a file server.
    private static final int STATX_NOTHING = 0;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_STATX_DONT_SYNC = 0x4000;
    private static final int S_IFMT = 0xf000;
    // struct statfs: f_type comes first
    private static final int STATFS_LENGTH = 120;

    /** Looks at the file behind {@code fd}. */
    static FileStatus of(final Fd fd) {
        final int number = fd.number();
        final int flags = LibC.fcntl(number, F_GETFL, 0);
        if (flags == -1) {
            throw new LinuxException("look at " + fd, LibC.errno(), "");
        }
        final int seals = LibC.fcntl(number, F_GET_SEALS, 0);
        try (Scratch status = new Scratch(STATX_LENGTH)) {
            // An empty path, the zero at the end of the structure, makes it about the descriptor itself.
            final long emptyPath = status.address() + STATX_LENGTH - 1;
            final int rc = LibC.statx(number, emptyPath, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_NOTHING,
                status.address());
            if (rc == -1) {
                throw new LinuxException("look at " + fd, LibC.errno(), "");
            }
            final int type = status.getShort(STX_MODE_OFFSET) & S_IFMT;
            final long size = status.getLong(STX_SIZE_OFFSET);
            final long blockSize = status.getInt(STX_BLKSIZE_OFFSET) & 0xffffffffL;
            final long magic = seals == -1 ? 0 : fileSystemMagic(fd);
            return new FileStatus(type, size, blockSize, magic, flags & O_ACCMODE, Math.max(0, seals));
        }
    }

    private static long fileSystemMagic(final Fd fd) {
        try (Scratch status = new Scratch(STATFS_LENGTH)) {
            if (LibC.fstatfs(fd.number(), status.address()) == -1) {
                throw new LinuxException("look at the file system of " + fd, LibC.errno(), "");
            }
            return status.getLong(0);
        }
    }

    /** Whether it is a regular file: not a pipe, socket, directory or device. */
    public boolean isRegular() {
        return type == S_IFREG;
    }

    /** Whether its bytes are in memory: a memfd, or a file on tmpfs or hugetlbfs. Page faults on it always end. */
    public boolean isMemory() {
        return fsMagic == TMPFS_MAGIC || isHuge();
    }

    /** Whether it consists of huge pages. Its mappings start and end at multiples of {@link #blockSize()}. */
    public boolean isHuge() {
        return fsMagic == HUGETLBFS_MAGIC;
    }

    /** Whether it is open for reading and writing. */
    public boolean isWritable() {
        return accessMode == O_RDWR;
    }

    /** Whether nobody can ever shorten it, so that mapped bytes below {@link #size()} never raise SIGBUS. */
    public boolean isSealedAgainstShrinking() {
        return (seals & F_SEAL_SHRINK) != 0;
    }
}

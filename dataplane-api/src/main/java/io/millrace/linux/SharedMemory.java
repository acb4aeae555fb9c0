/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/** Memory that can be shared with another process by handing over its descriptor: a memfd. */
public final class SharedMemory {
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;
    private static final int MFD_HUGETLB = 4;
    private static final int MFD_HUGE_2MB = 21 << 26;
    private static final int F_ADD_SEALS = 1033;
    private static final int F_SEAL_SEAL = 1;
    private static final int F_SEAL_SHRINK = 2;
    private static final int F_SEAL_GROW = 4;

    private SharedMemory() {
    }

    /**
     * Makes a memory file of zeros. It lives as long as a descriptor or a mapping of it.
     *
     * @param name      shown in {@code /proc/PID/maps}; need not be unique.
     * @param size      in bytes; with huge pages a multiple of {@link HugePages#sizeBytes()}.
     * @param hugePages whether it consists of 2 MiB pages. They are reserved when it is mapped, not here.
     */
    public static Fd create(final String name, final long size, final boolean hugePages) {
        final String attempted = "create shared memory " + name + " of " + size + " bytes";
        final int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (hugePages ? MFD_HUGETLB | MFD_HUGE_2MB : 0);
        final Fd fd;
        try (Scratch nativeName = Scratch.ofString(name)) {
            fd = Fd.ownResult(LibC.memfdCreate(nativeName.address(), flags), attempted,
                hugePages ? "use a kernel with 2 MiB huge pages, or small pages"
                    : "raise the limit of open files (ulimit -n)");
        }
        int rc;
        do {
            rc = LibC.ftruncate(fd.number(), size);
        } while (LibC.interrupted(rc));
        if (rc == -1) {
            final int errno = LibC.errno();
            fd.close();
            throw new LinuxException(attempted, errno,
                hugePages ? "choose a multiple of " + HugePages.sizeBytes() + " bytes" : "choose a smaller size");
        }
        return fd;
    }

    /** Fixes the size for ever, for us and for everybody who gets the descriptor; the content stays writable. */
    public static void seal(final Fd fd) {
        if (LibC.fcntl(fd.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == -1) {
            throw new LinuxException("seal " + fd, LibC.errno(),
                "only a memfd that was created with sealing allowed, and not sealed yet, can be sealed");
        }
    }
}

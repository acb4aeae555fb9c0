/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * Tries what a kernel, a container or a missing right may refuse, and leaves nothing behind. Each answer is 0 if it is
 * allowed, else the error number.
 */
public final class KernelAccess {
    private static final int AF_XDP = 44;
    private static final int RAW_CLOEXEC = 3 | 0x80000;
    // struct io_uring_params
    private static final int PARAMETERS_LENGTH = 120;

    private KernelAccess() {
    }

    /**
     * Whether this process may have an io_uring: {@code ENOSYS} if the kernel has none, {@code EPERM} if the sysctl
     * kernel.io_uring_disabled or a container says no, {@code ENOMEM} if too little memory may be locked.
     */
    public static int ioUring() {
        try (Scratch parameters = new Scratch(PARAMETERS_LENGTH)) {
            return closed(LibC.syscall(SyscallNumbers.IO_URING_SETUP, 1, parameters.address(), 0, 0, 0));
        }
    }

    /** Whether this process may open AF_XDP sockets: {@code EAFNOSUPPORT} if the kernel has none. */
    public static int xdpSocket() {
        return closed(LibC.socket(AF_XDP, RAW_CLOEXEC, 0));
    }

    private static int closed(final long result) {
        if (result == -1) {
            return LibC.errno();
        }
        Fd.own((int) result).close();
        return 0;
    }
}

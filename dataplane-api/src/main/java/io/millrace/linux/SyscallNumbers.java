/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/** Numbers of the system calls the C library has no function for, which differ between architectures. */
final class SyscallNumbers {
    /** Whether this is x86-64, the one 64-bit architecture with its own numbers and a packed epoll_event. */
    static final boolean IS_X86_64 = isX86(System.getProperty("os.arch"));

    // arch/x86/entry/syscalls/syscall_64.tbl; the others, aarch64 first, follow include/uapi/asm-generic/unistd.h
    static final long IO_SETUP = IS_X86_64 ? 206 : 0;
    static final long IO_SUBMIT = IS_X86_64 ? 209 : 2;
    static final long IO_GETEVENTS = IS_X86_64 ? 208 : 4;
    static final long BPF = IS_X86_64 ? 321 : 280;
    // Numbers are the same everywhere since 2018.
    static final long IO_URING_SETUP = 425;
    static final long IO_URING_ENTER = 426;
    static final long IO_URING_REGISTER = 427;
    static final long EPOLL_PWAIT2 = 441;

    private SyscallNumbers() {
    }

    private static boolean isX86(final String architecture) {
        return architecture.equals("amd64") || architecture.equals("x86_64");
    }
}

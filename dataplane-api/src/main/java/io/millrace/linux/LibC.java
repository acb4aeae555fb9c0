/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import com.sun.jna.FunctionMapper;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.util.Locale;
import java.util.Map;

/**
 * The C library calls this package makes, and the only class of the project that uses JNA.
 *
 * <p>JNA's direct mapping with nothing but primitives: pointers are {@code long} addresses, sizes are {@code long}.
 * That costs a fifth to a half of what the mapping by interface costs. None is declared to throw JNA's
 * {@code LastErrorException}, which costs 5 microseconds each time a call expects {@code EAGAIN}: callers compare with
 * -1 and read {@link #errno()} straight after, on the same thread. Names are those of C in camel case: {@code epollCtl}
 * is {@code epoll_ctl}.
 */
final class LibC {
    static {
        // The JVM itself is linked with the C library, so its own symbols are the right ones and no file is searched.
        final FunctionMapper names =
            (library, method) -> method.getName().replaceAll("[A-Z]", "_$0").toLowerCase(Locale.ROOT);
        // Load what reports errors while there are descriptors left to open class files with: a class that could not be
        // loaded once is missing for ever.
        new LinuxException("open files", Errno.EMFILE, "").errno();
        Native.register(LibC.class, NativeLibrary.getProcess(Map.of(Library.OPTION_FUNCTION_MAPPER, names)));
    }

    private LibC() {
    }

    /** What went wrong in this thread's last call that returned -1. */
    static int errno() {
        return Native.getLastError();
    }

    /** Whether a call has to be made again because a signal arrived first. The JVM uses signals for itself. */
    static boolean interrupted(final long result) {
        return result == -1 && Native.getLastError() == Errno.EINTR;
    }

    static native int abs(int number);

    static native int close(int fd);

    static native int fcntl(int fd, int command, long argument);

    static native int ioctl(int fd, long request, long argument);

    static native int open(long path, int flags, int mode);

    static native int fchmod(int fd, int mode);

    static native int geteuid();

    static native int statx(int folder, long path, int flags, int mask, long status);

    static native long getxattr(long path, long name, long value, long size);

    static native int fstatfs(int fd, long status);

    static native int ftruncate(int fd, long length);

    static native long read(int fd, long to, long count);

    static native long write(int fd, long from, long count);

    static native long readv(int fd, long vectors, int count);

    static native long writev(int fd, long vectors, int count);

    static native int poll(long pollFds, long count, int timeoutMs);

    static native int memfdCreate(long name, int flags);

    static native int eventfd(int initial, int flags);

    static native long mmap(long address, long length, int protection, int flags, int fd, long offset);

    static native int munmap(long address, long length);

    static native int madvise(long address, long length, int advice);

    static native long processVmReadv(int pid, long to, long toCount, long from, long fromCount, long flags);

    static native int socket(int family, int type, int protocol);

    static native int socketpair(int family, int type, int protocol, long fds);

    static native int bind(int fd, long address, int length);

    static native int listen(int fd, int backlog);

    static native int accept4(int fd, long address, long length, int flags);

    static native int connect(int fd, long address, int length);

    static native int getsockopt(int fd, int level, int option, long value, long length);

    static native int setsockopt(int fd, int level, int option, long value, int length);

    static native long recvfrom(int fd, long to, long count, int flags, long address, long addressLength);

    static native long sendto(int fd, long from, long count, int flags, long address, int addressLength);

    static native long recvmsg(int fd, long message, int flags);

    static native long sendmsg(int fd, long message, int flags);

    static native int epollCreate1(int flags);

    static native int epollCtl(int epoll, int operation, int fd, long event);

    static native int epollWait(int epoll, long events, int capacity, int timeoutMs);

    static native int setns(int fd, int type);

    static native int schedGetaffinity(int pid, long size, long mask);

    static native int schedSetaffinity(int pid, long size, long mask);

    /** For calls the C library has no function for; numbers are in {@link SyscallNumbers}. */
    static native long syscall(long number, long a, long b, long c, long d, long e);
}

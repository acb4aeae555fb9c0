/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.management.ThreadMXBean;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** What a stranger's process does to us, and what the tests look at. */
final class TestCalls {
    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_PATH = 0x200000;
    static final int O_DIRECTORY = SyscallNumbers.IS_X86_64 ? 0x10000 : 0x4000;

    private static final Pattern OF_THE_JVM = Pattern.compile("/proc/.*|/sys/.*|.*\\.(jar|class|so)|.*/lib/modules");

    static {
        Native.register(TestCalls.class, NativeLibrary.getProcess());
    }

    private TestCalls() {
    }

    private static native int open(long path, int flags, int mode);

    private static native int pipe(long fds);

    private static native int capset(long header, long data);

    /** Runs {@code task} on a thread that gives up all its capabilities first, as if it were an ordinary user's. */
    static <T> T withoutCapabilities(final Callable<T> task) throws Exception {
        final FutureTask<T> powerless = new FutureTask<>(() -> {
            // struct { u32 version; int pid; } and two times { u32 effective, permitted, inheritable; }
            try (Scratch header = new Scratch(8); Scratch none = new Scratch(24)) {
                header.putInt(0, 0x20080522);
                if (capset(header.address(), none.address()) == -1) {
                    throw new LinuxException("give up capabilities", LibC.errno(), "");
                }
            }
            return task.call();
        });
        final Thread thread = new Thread(powerless);
        thread.start();
        try {
            return powerless.get();
        } catch (final ExecutionException e) {
            if (e.getCause() instanceof final Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    static Fd open(final Path path, final int flags) {
        try (Scratch name = Scratch.ofString(path.toString())) {
            return Fd.ownResult(open(name.address(), flags, 0), "open " + path, "");
        }
    }

    /** The same file once more, opened anew. */
    static Fd reopen(final Fd fd, final int flags) {
        return open(Path.of("/proc/self/fd/" + fd.number()), flags);
    }

    /** The reading and the writing end, both blocking. */
    static Fd[] pipe() {
        try (Scratch fds = new Scratch(8)) {
            if (pipe(fds.address()) == -1) {
                throw new LinuxException("make a pipe", LibC.errno(), "");
            }
            return new Fd[] {Fd.own(fds.getInt(0)), Fd.own(fds.getInt(4))};
        }
    }

    static Fd blockingEventFd() {
        return Fd.ownResult(LibC.eventfd(0, 0), "make a blocking eventfd", "");
    }

    static void write(final Fd fd, final long value) {
        try (Scratch bytes = new Scratch(8)) {
            bytes.putLong(0, value);
            if (LibC.write(fd.number(), bytes.address(), 8) != 8) {
                throw new LinuxException("write to " + fd, LibC.errno(), "");
            }
        }
    }

    static long read(final Fd fd) {
        try (Scratch bytes = new Scratch(8)) {
            if (LibC.read(fd.number(), bytes.address(), 8) != 8) {
                throw new LinuxException("read from " + fd, LibC.errno(), "");
            }
            return bytes.getLong(0);
        }
    }

    /**
     * Descriptors this process has open, without files of kinds that the JVM opens whenever it likes: jars and modules,
     * and what it reads about the machine.
     */
    static int openFds() {
        int open = 0;
        for (final File fd : new File("/proc/self/fd").listFiles()) {
            try {
                final String target = Files.readSymbolicLink(fd.toPath()).toString();
                open += OF_THE_JVM.matcher(target).matches() ? 0 : 1;
            } catch (final IOException e) {
                // Closed since it was listed.
            }
        }
        return open;
    }

    /**
     * Fails if more descriptors than {@code before} are open, now and for the next seconds. Fewer may be: a collection
     * closes what other tests forgot.
     */
    static void assertNoneLeftOpen(final int before) {
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        int open = openFds();
        while (open > before && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            open = openFds();
        }
        assertTrue(open <= before, "descriptors left open: " + (open - before));
    }

    /** Bytes this thread allocates while it runs {@code task}; the smallest of three, as the JVM adds its own. */
    static long allocatedBytes(final Runnable task) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long thread = Thread.currentThread().getId();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            final long before = threads.getThreadAllocatedBytes(thread);
            task.run();
            least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
        }
        return least;
    }
}

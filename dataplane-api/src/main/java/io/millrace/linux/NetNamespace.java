/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A network namespace other than the process's own. Sockets and devices that are made in it stay in it, so what needs
 * it is opened by a thread that goes there for this one purpose and ends; no other thread ever moves.
 *
 * <p>Thread safety: any thread.
 */
public final class NetNamespace implements AutoCloseable {
    private static final String FOLDER = "/run/netns/";
    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int CLONE_NEWNET = 0x40000000;

    private final String name;
    private final Fd fd;

    private NetNamespace(final String name, final Fd fd) {
        this.name = name;
        this.fd = fd;
    }

    /**
     * Opens one that exists. It exists at least until it is closed here, though it be deleted.
     *
     * @param nameOrPath a name that {@code ip netns} knows, or a path, which has a slash in it, such as
     *                   {@code /proc/4711/ns/net}.
     */
    public static NetNamespace open(final String nameOrPath) {
        final String path = nameOrPath.indexOf('/') >= 0 ? nameOrPath : FOLDER + nameOrPath;
        final String attempted = "open the network namespace " + nameOrPath;
        try (Scratch text = Scratch.ofString(path)) {
            final int number = LibC.open(text.address(), O_RDONLY_CLOEXEC, 0);
            if (number == -1) {
                final int errno = LibC.errno();
                throw new LinuxException(attempted, errno, switch (errno) {
                    case Errno.ENOENT, Errno.ENOTDIR, Errno.EINVAL ->
                        "there is none of that name; ip netns lists them, ip netns add makes one";
                    case Errno.EACCES, Errno.EPERM -> "this needs CAP_SYS_ADMIN; run with sudo";
                    default -> "";
                });
            }
            return new NetNamespace(nameOrPath, Fd.own(number));
        }
    }

    /** As it was given when it was opened. */
    public String name() {
        return name;
    }

    /**
     * Runs {@code task} inside the namespace, on a thread of its own, and waits for it. Threads and processes that the
     * task starts are in the namespace too, and stay there.
     *
     * @return what the task returned.
     * @throws RuntimeException      what the task threw; errors come through as well.
     * @throws IllegalStateException with the cause, if it threw a checked exception.
     * @throws LinuxException        if this process may not go there.
     */
    public <T> T call(final Callable<T> task) {
        final CompletableFuture<T> result = new CompletableFuture<>();
        final Thread thread = new Thread(() -> {
            try {
                enter();
                result.complete(task.call());
            } catch (final Throwable e) {
                result.completeExceptionally(e);
            }
        }, "netns-" + name);
        thread.setDaemon(true);
        thread.start();
        try {
            return result.join();
        } catch (final CompletionException e) {
            if (e.getCause() instanceof final RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof final Error cause) {
                throw cause;
            }
            throw new IllegalStateException("a task in the network namespace " + name + " failed: " + e.getCause(),
                e.getCause());
        }
    }

    /**
     * Runs {@code task} in a namespace that may be the one we are in.
     *
     * @param namespace null to run it right here, on this thread.
     */
    public static <T> T in(final NetNamespace namespace, final Callable<T> task) {
        if (namespace != null) {
            return namespace.call(task);
        }
        try {
            return task.call();
        } catch (final RuntimeException e) {
            throw e;
        } catch (final Exception e) {
            throw new IllegalStateException("a task failed: " + e, e);
        }
    }

    private void enter() {
        if (LibC.setns(fd.number(), CLONE_NEWNET) == -1) {
            final int errno = LibC.errno();
            throw new LinuxException("enter the network namespace " + name, errno, switch (errno) {
                case Errno.EPERM -> "this needs CAP_SYS_ADMIN; run with sudo";
                case Errno.EINVAL -> "it is a file of another kind; ip netns lists the namespaces";
                default -> "";
            });
        }
    }

    /** Lets go of it. What was opened in it stays. */
    @Override
    public void close() {
        fd.close();
    }
}

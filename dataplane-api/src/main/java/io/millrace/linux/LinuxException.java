/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * A system call was refused. The message says in one sentence what was tried, the error by its name, and how to mend
 * it: {@code listen on /run/a.sock: EADDRINUSE - another process serves this socket; stop it or choose another path}.
 */
public final class LinuxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * A refusal.
     *
     * @param attempted what was tried and on what, as {@code "listen on /run/a.sock"}.
     * @param errno     the error number.
     * @param remedy    how to mend it, or the empty string where nobody knows.
     */
    public LinuxException(final String attempted, final int errno, final String remedy) {
        super(attempted + ": " + Errno.name(errno) + (remedy.isEmpty() ? "" : " - " + remedy));
        this.errno = errno;
    }

    /** The error number, to compare with the constants of {@link Errno}. */
    public int errno() {
        return errno;
    }
}

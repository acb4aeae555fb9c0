/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/** The kernel refused a netlink request. Inside this package only: callers know the mend, and throw that instead. */
final class NetlinkException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String attempted;
    private final int errno;
    private final String explanation;

    /** @param explanation the kernel's own words, or the empty string. */
    NetlinkException(final String attempted, final int errno, final String explanation) {
        super(attempted + ": " + Errno.name(errno));
        this.attempted = attempted;
        this.errno = errno;
        this.explanation = explanation;
    }

    int errno() {
        return errno;
    }

    /**
     * The same for everybody.
     *
     * @param remedy how to mend it; the empty string where nobody knows. The kernel's words come before it.
     */
    LinuxException refusal(final String remedy) {
        final String joint = explanation.isEmpty() || remedy.isEmpty() ? "" : "; ";
        return new LinuxException(attempted, errno, explanation + joint + remedy);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/**
 * Why a packet went no further. A name for counters and a sentence for people; modules declare theirs as constants, and
 * two with the same name are the same reason.
 *
 * @param name    lower case words joined by {@code -}, such as {@code ring-full}.
 * @param meaning one sentence: when it happens, and if it needs one, the mend.
 */
public record DropReason(String name, String meaning) {
    /** The peer's ring has no free buffer. */
    public static final DropReason RING_FULL =
        new DropReason("ring-full", "the peer takes packets more slowly than they arrive");
    /** Nobody is connected. */
    public static final DropReason LINK_DOWN = new DropReason("link-down", "no peer is connected, or it is not ready");
    /** The pool is empty. */
    public static final DropReason NO_FRAME =
        new DropReason("no-frame", "the frame pool was empty; give the data plane more frames");
    /** An output of a node leads nowhere. */
    public static final DropReason UNCONNECTED = new DropReason("unconnected", "the output is not connected");

    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if the name is not lower case words joined by {@code -}.
     */
    public DropReason {
        if (!name.matches("[a-z0-9]+(-[a-z0-9]+)*")) {
            throw new IllegalArgumentException("not a drop reason: " + name);
        }
    }
}

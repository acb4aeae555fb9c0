/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * The peer did something the vhost-user protocol does not allow. It ends the session of that peer and nothing else.
 * Carries no stack trace: peers can provoke it at will, and the reason says it all.
 */
final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** What kinds there are. Each has its own counter below {@code port/NAME/session/violation}. */
    enum Reason {
        /** A header with a wrong version, unknown flags, or a reply where a request belongs. */
        BAD_HEADER("bad-header"),
        /** A request that no version of the protocol knows. */
        UNKNOWN_REQUEST("unknown-request"),
        /** A request the protocol knows and this side never offered. */
        NOT_OFFERED("not-offered"),
        /** A request whose protocol feature was offered and not acknowledged. */
        NOT_NEGOTIATED("not-negotiated"),
        /** A payload of the wrong size for its request. */
        BAD_SIZE("bad-size"),
        /** Too many or too few descriptors, or descriptors in the wrong place. */
        BAD_FDS("bad-fds"),
        /** Descriptors got lost on the way: too many at once, or this process has no room for more. */
        LOST_FDS("lost-fds"),
        /** A descriptor that is not the kind of file it must be. */
        WRONG_FILE("wrong-file"),
        /** A field with a value that is not allowed. */
        BAD_VALUE("bad-value"),
        /** The number of a ring that does not exist. */
        BAD_INDEX("bad-index"),
        /** Feature bits that were not offered, or that exclude each other. */
        BAD_FEATURES("bad-features"),
        /** A change to something that is fixed while a ring runs. */
        BAD_STATE("bad-state"),
        /** A memory region that overlaps, wraps around, is not aligned, or does not exist. */
        BAD_MEMORY("bad-memory"),
        /** Memory regions beyond the caps on their number or size. */
        TOO_MUCH_MEMORY("too-much-memory"),
        /** A file that ends before the memory that is said to be in it. */
        MEMORY_GONE("memory-gone"),
        /** A message that started to arrive and did not go on. */
        STALLED("stalled"),
        /** A peer that does not read what it asked for. */
        REPLIES_UNREAD("replies-unread"),
        /** An answer that does not fit the question. Driver side only. */
        BAD_REPLY("bad-reply"),
        /** A question that was not answered in time. Driver side only. */
        NO_REPLY("no-reply");

        private final String counterName;

        Reason(final String counterName) {
            this.counterName = counterName;
        }

        /** What it is called among the counters. */
        String counterName() {
            return counterName;
        }
    }

    /**
     * @param sentence what the peer did, and what would have been right.
     */
    ProtocolViolation(final Reason reason, final String sentence) {
        super(sentence, null, false, false);
        this.reason = reason;
    }

    /** What kind it is. */
    Reason reason() {
        return reason;
    }
}

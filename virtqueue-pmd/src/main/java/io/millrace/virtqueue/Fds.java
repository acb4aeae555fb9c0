/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/** How many descriptors a request may carry. */
enum Fds {
    /** None. */
    NONE("none"),
    /** Exactly one. */
    ONE("one"),
    /** One or none. */
    AT_MOST_ONE("at most one"),
    /** One, or none if bit 8 of the payload says that there is none. */
    ONE_UNLESS_BIT_8("one, or none with bit 8 set"),
    /** As many as the payload has memory regions. */
    ONE_PER_REGION("one for each region");

    /** In SET_VRING_KICK, CALL and ERR: no descriptor follows. */
    static final long NO_FD = 1L << 8;

    private final String expected;

    Fds(final String expected) {
        this.expected = expected;
    }

    /** The allowed counts in words. */
    String expected() {
        return expected;
    }

    /** Whether {@code message}, whose payload has an allowed size, carries an allowed number of descriptors. */
    boolean allows(final Message message) {
        final int count = message.fdCount();
        return switch (this) {
            case NONE -> count == 0;
            case ONE -> count == 1;
            case AT_MOST_ONE -> count <= 1;
            case ONE_UNLESS_BIT_8 -> count == ((message.u64(0) & NO_FD) == 0 ? 1 : 0);
            case ONE_PER_REGION -> count == message.u32(0);
        };
    }
}

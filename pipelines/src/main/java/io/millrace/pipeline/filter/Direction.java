/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

/** Which of the two addresses or ports of a packet is meant. */
enum Direction {
    /** {@code src}. */
    SOURCE("src "),
    /** {@code dst}. */
    DESTINATION("dst "),
    /** {@code src or dst}, or nothing. */
    EITHER(""),
    /** {@code src and dst}. */
    BOTH("src and dst ");

    private final String text;

    Direction(final String text) {
        this.text = text;
    }

    /** As it stands in front of what it qualifies. */
    String text() {
        return text;
    }

    /** Combines what is asked of the source with what is asked of the destination. */
    Condition of(final Condition source, final Condition destination) {
        return switch (this) {
            case SOURCE -> source;
            case DESTINATION -> destination;
            case EITHER -> Condition.any(source, destination);
            case BOTH -> Condition.every(source, destination);
        };
    }
}

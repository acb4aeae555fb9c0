/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import java.util.function.BooleanSupplier;

/** How the handling of a request went, or what it waits for. */
final class Outcome {
    /** It is done; if the sender wants an acknowledgement, it is 0. */
    static final Outcome DONE = new Outcome(0);
    /** It was not done; if the sender wants an acknowledgement, it is 1. The session goes on. */
    static final Outcome REFUSED = new Outcome(1);

    private static final Runnable NOTHING = () -> {
    };

    private final long value;
    private final BooleanSupplier isQuiet;
    private final Step then;
    private final Runnable otherwise;

    private Outcome(final long value) {
        this.value = value;
        this.isQuiet = null;
        this.then = null;
        this.otherwise = NOTHING;
    }

    private Outcome(final BooleanSupplier isQuiet, final Step then, final Runnable otherwise) {
        this.value = 0;
        this.isQuiet = isQuiet;
        this.then = then;
        this.otherwise = otherwise;
    }

    /** What remains to be done. */
    @FunctionalInterface
    interface Step {
        /** Does it. */
        Outcome run() throws ProtocolViolation;
    }

    /** What may go wrong. */
    @FunctionalInterface
    interface Action {
        /** Does it. */
        void run() throws ProtocolViolation;
    }

    /** It is done and this is the answer. */
    static Outcome value(final long value) {
        return new Outcome(value);
    }

    /**
     * It goes on when workers have let go of something.
     *
     * @param isQuiet   asked again and again; must not block.
     * @param then      run when that is true.
     * @param otherwise run instead if the session ends before, when workers have let go of all of it.
     */
    static Outcome when(final BooleanSupplier isQuiet, final Step then, final Runnable otherwise) {
        return new Outcome(isQuiet, then, otherwise);
    }

    /** As above, with nothing to be undone. */
    static Outcome when(final BooleanSupplier isQuiet, final Step then) {
        return new Outcome(isQuiet, then, NOTHING);
    }

    /** Whether it waits. */
    boolean isWaiting() {
        return isQuiet != null;
    }

    /** Whether the wait is over. */
    boolean isQuiet() {
        return isQuiet.getAsBoolean();
    }

    /** Goes on after the wait. */
    Outcome proceed() throws ProtocolViolation {
        return then.run();
    }

    /** Gives up waiting. */
    void abandon() {
        otherwise.run();
    }

    /** The answer, or the acknowledgement. */
    long value() {
        return value;
    }
}

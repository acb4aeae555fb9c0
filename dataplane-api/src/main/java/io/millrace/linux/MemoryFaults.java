/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * Makes a fault in mapped memory surface where it happened. When the file behind a mapping shrinks, an access to the
 * lost pages becomes an {@link InternalError}; JDK 25 throws it at once, older ones at some later moment, often in
 * somebody else's code. They throw it on the way back from a native call, so one here, inside the try block that guards
 * the access, catches it.
 */
public final class MemoryFaults {
    private static final boolean ARE_LATE = Runtime.version().feature() < 25;

    private MemoryFaults() {
    }

    /**
     * Throws the error of a fault that this thread has run into, if there is one pending. Costs about 70 ns where the
     * JVM needs it and nothing elsewhere. Any thread.
     *
     * @throws InternalError for accesses before this call to memory whose file has shrunk.
     */
    public static void deliver() {
        if (ARE_LATE) {
            LibC.abs(0);
        }
    }

    /**
     * Takes all errors of faults that are still pending for this thread and forgets them. First thing in a handler of
     * such an error: one burst of accesses may have left several, and the next would end the handler half-way.
     */
    public static void drain() {
        boolean isPending = ARE_LATE;
        while (isPending) {
            try {
                LibC.abs(0);
                isPending = false;
            } catch (final InternalError fault) {
                // Again: there may be one more.
                isPending = true;
            }
        }
    }
}

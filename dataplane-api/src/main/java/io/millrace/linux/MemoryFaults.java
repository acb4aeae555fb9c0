/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * Makes a fault in mapped memory surface where it happened. When the file behind a mapping shrinks, an access to the
 * lost pages becomes an {@link InternalError}, which the JVM throws a moment later: JDK 25 at the next poll for a
 * safepoint, older ones whenever, and either may be after the try block that guards the access, in somebody else's
 * code. All throw it on the way back from a native call, so one here, as the last thing inside that block, catches it.
 */
public final class MemoryFaults {
    private static final boolean IS_ON_EVERY_WAY_BACK = Runtime.version().feature() >= 25;
    private static final Object NOTHING = new Object();

    private MemoryFaults() {
    }

    /**
     * Calls something native that no compiler replaces. JDK 25 throws on the way back from any such call, JDK 17 not
     * from the shortest ones: there it takes one by JNA, which asks the JVM more on its way.
     */
    private static void callNative() {
        if (IS_ON_EVERY_WAY_BACK) {
            Thread.holdsLock(NOTHING);
        } else {
            LibC.abs(0);
        }
    }

    /**
     * Throws the error of a fault that this thread has run into, if there is one pending. Costs about 70 ns, on JDK 25
     * about 15: ask for memory that cannot shrink where that matters. Any thread.
     *
     * @throws InternalError for accesses before this call to memory whose file has shrunk.
     */
    public static void deliver() {
        callNative();
    }

    /**
     * Takes all errors of faults that are still pending for this thread and forgets them. First thing in a handler of
     * such an error: one burst of accesses may have left several, and the next would end the handler half-way.
     */
    public static void drain() {
        boolean isPending = true;
        while (isPending) {
            try {
                callNative();
                isPending = false;
            } catch (final InternalError fault) {
                // Again: there may be one more.
                isPending = true;
            }
        }
    }
}

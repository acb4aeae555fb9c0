/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

/**
 * Shuts out a node that throws again and again: each fault costs a burst and an exception, which is slower than any
 * packet. A fault now and then is forgiven.
 *
 * <p>Thread safety: {@link #onSuccess} and {@link #onFault} for the worker; the rest from any thread.
 */
final class Quarantine {
    /** So many faults are one too many. */
    static final int MOST_FAULTS = 16;
    /** After so many bursts without one, earlier faults do not count any more. */
    static final int FORGIVEN_AFTER = 1024;

    private int faults;
    private int successes;
    private volatile boolean isOn;

    void onSuccess() {
        if (faults > 0 && ++successes == FORGIVEN_AFTER) {
            faults = 0;
        }
    }

    /** Returns whether that was the one too many. */
    boolean onFault() {
        successes = 0;
        if (++faults < MOST_FAULTS) {
            return false;
        }
        faults = 0;
        isOn = true;
        return true;
    }

    void begin() {
        isOn = true;
    }

    boolean isOn() {
        return isOn;
    }

    void end() {
        isOn = false;
    }
}

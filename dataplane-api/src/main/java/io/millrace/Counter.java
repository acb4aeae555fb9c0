/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.concurrent.status.AtomicCounter;

/**
 * One number that grows. One thread writes it, by plain stores that cost nothing; any thread or process reads it, a
 * moment later.
 */
public final class Counter {
    private final AtomicCounter counter;

    Counter(final AtomicCounter counter) {
        this.counter = counter;
    }

    /** Adds one. Only the owning thread. */
    public void increment() {
        counter.incrementPlain();
    }

    /** Adds {@code n}. Only the owning thread. */
    public void add(final long n) {
        counter.getAndAddPlain(n);
    }

    /** The value now. Any thread. */
    public long get() {
        return counter.get();
    }
}

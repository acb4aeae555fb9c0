/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * Something that is made now and then only, however many ask: to make it costs time that workers could have.
 *
 * <p>Thread safety: any thread. While one makes it the others wait.
 */
final class Recent<T> implements Supplier<T> {
    private final long freshNs;
    private final Supplier<T> maker;
    // Both guarded by this.
    private T made;
    private long madeNs;

    /**
     * Not made yet.
     *
     * @param fresh for how long it will do for everybody.
     */
    Recent(final Duration fresh, final Supplier<T> maker) {
        freshNs = fresh.toNanos();
        this.maker = maker;
    }

    @Override
    public synchronized T get() {
        if (made == null || System.nanoTime() - madeNs > freshNs) {
            made = maker.get();
            madeNs = System.nanoTime();
        }
        return made;
    }
}

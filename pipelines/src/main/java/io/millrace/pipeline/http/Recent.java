/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Something that is made four times a second at most, however many ask: to make it costs time that workers could have.
 *
 * <p>Thread safety: any thread. While one makes it the others wait.
 */
final class Recent<T> implements Supplier<T> {
    private static final long FRESH_NS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Supplier<T> maker;
    // Both guarded by this.
    private T made;
    private long madeNs;

    Recent(final Supplier<T> maker) {
        this.maker = maker;
    }

    @Override
    public synchronized T get() {
        if (made == null || System.nanoTime() - madeNs > FRESH_NS) {
            made = maker.get();
            madeNs = System.nanoTime();
        }
        return made;
    }
}

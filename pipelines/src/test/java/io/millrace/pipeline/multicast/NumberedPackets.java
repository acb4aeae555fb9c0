/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;

/** Bursts of packets whose length and every byte follow from their number: what is torn shows. */
final class NumberedPackets implements AutoCloseable {
    static final int MOST = 264;
    private static final int LEAST = 64;
    private static final int PORT = 3;

    private final FramePool pool = FramePool.create(256, 0);
    private final FrameCache frames = pool.cache("numbered");
    private final Burst burst;
    private long next;

    NumberedPackets(final int size) {
        burst = new Burst(frames, size);
        for (int i = 0; i < size; i++) {
            burst.add(frames.allocate(), MOST, PORT);
        }
    }

    /** The next packets in the same frames. */
    Burst next() {
        for (int i = 0; i < burst.size(); i++, next++) {
            burst.resize(i, length(next));
            final long address = burst.address(i);
            for (int at = 0; at < burst.length(i); at += Long.BYTES) {
                UnsafeApi.putLong(address + at, content(next, at));
            }
        }
        return burst;
    }

    long made() {
        return next;
    }

    static int length(final long number) {
        return LEAST + (int) (number * 7 % 26) * Long.BYTES;
    }

    private static long content(final long number, final int at) {
        return number + at * 0x9E3779B97F4A7C15L;
    }

    /** The number of a copy that is whole and as it was made, or -1. */
    static long numberOf(final PacketCopy copy, final int snapBytes) {
        final long number = UnsafeApi.getLong(copy.address());
        if (copy.length() != length(number) || copy.captured() != Math.min(copy.length(), snapBytes)
            || copy.port() != PORT) {
            return -1;
        }
        for (int at = 0; at <= copy.captured() - Long.BYTES; at += Long.BYTES) {
            if (UnsafeApi.getLong(copy.address() + at) != content(number, at)) {
                return -1;
            }
        }
        return number;
    }

    @Override
    public void close() {
        burst.freeAll();
        frames.close();
        pool.close();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;

/** A burst of one packet at a time, to ask filters about. */
final class Matching implements AutoCloseable {
    private final FramePool pool = FramePool.create(8, 0);
    private final FrameCache frames = pool.cache("test");
    final Burst burst = new Burst(frames, 1);

    boolean matches(final String filter, final byte[] packet) {
        return matches(PacketFilter.compile(filter), packet);
    }

    boolean matches(final PacketFilter filter, final byte[] packet) {
        put(packet);
        final boolean matches = filter.matches(burst, 0);
        burst.freeAll();
        return matches;
    }

    /** Leaves a packet in the burst. */
    void put(final byte[] packet) {
        burst.add(frames.allocate(), packet.length, 0);
        for (int i = 0; i < packet.length; i++) {
            UnsafeApi.putByte(burst.address(0) + i, packet[i]);
        }
    }

    @Override
    public void close() {
        burst.freeAll();
        pool.close();
    }
}

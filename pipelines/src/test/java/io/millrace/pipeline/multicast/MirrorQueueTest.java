/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.Port;
import io.millrace.PortContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

/** What becomes of copies that a mirror cannot take. */
class MirrorQueueTest {
    private final Counters counters = Counters.inMemory();
    private final Multicast multicast = Multicast.create("m", counters, 64, 1000);
    private final WireProbe probe = multicast.probe("w", "a-b", "", null);
    private final NumberedPackets packets = new NumberedPackets(10);
    private final FramePool pool = FramePool.create(3, 0);
    private final FrameCache frames = pool.cache("mirror");
    private final Burst burst = new Burst(frames, 8);
    private final Port mirror = Mirror.of(multicast).open(new PortContext(5, pool, counters, null, null));

    @AfterEach
    void closeAll() {
        burst.freeAll();
        mirror.close();
        frames.close();
        pool.close();
        packets.close();
        counters.close();
    }

    @Test
    void shouldDropCopiesThatNoFrameIsFreeFor() {
        probe.observe(packets.next());
        assertEquals(3, mirror.rx(0).receive(burst));
        assertEquals(5, burst.port(0));
        assertEquals(NumberedPackets.length(2), burst.length(2));
        assertEquals(5, counters.snapshot().get("port/mirror/rx0/drop/no-frame"));
        // Two copies wait still: there was room for eight only.
        burst.freeAll();
        assertEquals(2, mirror.rx(0).receive(burst));
        assertEquals(NumberedPackets.length(9), burst.length(1));
    }

    @Test
    void shouldTakeNothingMoreOnceItIsClosed() {
        mirror.close();
        probe.observe(packets.next());
        assertEquals(0, mirror.rx(0).receive(burst));
        assertEquals(0, counters.snapshot().get("multicast/m/from/w/packets"));
        assertNull(mirror.rx(0).arm());
    }
}

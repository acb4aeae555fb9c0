/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Tags that come and go. */
class VlanTest {
    private static final String PLAIN = "525400123456525400abcdef0800" + "0102030405060708";

    private final FramePool pool = FramePool.create(4, 0);
    private final FrameCache frames = pool.cache("test");
    private final Burst burst = new Burst(frames, 1);

    @AfterEach
    void everyFrameIsBack() {
        burst.freeAll();
        pool.close();
    }

    private void add(final String packet) {
        try (Bytes bytes = Bytes.hex(packet)) {
            burst.add(frames.allocate(), bytes.length(), 0);
            UnsafeApi.copyMemory(bytes.address(), burst.address(0), bytes.length());
        }
    }

    private String packet() {
        final StringBuilder text = new StringBuilder();
        for (int i = 0; i < burst.length(0); i++) {
            text.append(String.format("%02x", UnsafeApi.getByte(burst.address(0) + i)));
        }
        return text.toString();
    }

    @Test
    void shouldPushATagBehindTheAddresses() {
        add(PLAIN);
        assertTrue(Vlan.push(burst, 0, EtherType.VLAN, 3 << 13 | 100));
        assertEquals("525400123456525400abcdef" + "81006064" + "0800" + "0102030405060708", packet());
    }

    @Test
    void shouldPushAServiceTagInFrontOfACustomerTag() {
        add(PLAIN);
        assertTrue(Vlan.push(burst, 0, EtherType.VLAN, 100));
        assertTrue(Vlan.push(burst, 0, EtherType.SERVICE_VLAN, 200));
        assertEquals("525400123456525400abcdef" + "88a800c8" + "81000064" + "0800" + "0102030405060708", packet());
    }

    @Test
    void shouldPopTagsFromTheOutside() {
        add("525400123456525400abcdef" + "88a800c8" + "81000064" + "0800" + "0102030405060708");
        assertEquals(200, Vlan.pop(burst, 0));
        assertEquals(100, Vlan.pop(burst, 0));
        assertEquals(PLAIN, packet());
        assertEquals(-1, Vlan.pop(burst, 0));
        assertEquals(PLAIN, packet());
    }

    @Test
    void shouldNotPopFromAPacketThatEndsInItsTag() {
        add("525400123456525400abcdef" + "81000064" + "08");
        assertEquals(-1, Vlan.pop(burst, 0));
    }

    @Test
    void shouldNotPushWithoutHeadroom() {
        add(PLAIN);
        burst.pushFront(0, burst.headroom(0) - 3);
        final String before = packet();
        assertFalse(Vlan.push(burst, 0, EtherType.VLAN, 1));
        assertEquals(before, packet());
    }

    @Test
    void shouldNotPushIntoAPacketWithoutEthernetHeader() {
        add("52540012345652540012345608");
        assertFalse(Vlan.push(burst, 0, EtherType.VLAN, 1));
        assertEquals(13, burst.length(0));
    }
}

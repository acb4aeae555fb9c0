/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.Burst;
import io.millrace.Offload;
import io.millrace.Port;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Arrays;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Work that senders leave to the interface, through devices and headers. */
class TapOffloadTest {
    private static final int SEGMENT = 1448;
    private static final int CSUM_OFFSET = 16;
    private static final int OFFLOADS = Offload.CSUM | Offload.TSO4 | Offload.TSO6 | Offload.ECN;

    private TapFixture fixture;
    private Port left;
    private Port right;

    @BeforeEach
    void open() {
        fixture = TapFixture.create();
    }

    @AfterEach
    void close() {
        if (fixture != null) {
            fixture.close();
        }
    }

    private void open(final Tap leftTap, final Tap rightTap) {
        left = fixture.open(leftTap);
        right = fixture.open(rightTap);
        fixture.bridge("left");
        fixture.bridge("right");
    }

    /** Sends TCP packets with what they leave to be done. */
    private void send(final int count, final int length, final int gsoType, final int gsoSize) {
        final Burst burst = fixture.burst;
        for (int i = 0; i < count; i++) {
            fixture.add(Packets.unfinishedTcp(length));
            assertTrue(burst.offload(i, Packets.TCP, CSUM_OFFSET, gsoType, gsoSize, Packets.TCP_HEADERS));
        }
        assertEquals(count, left.tx(0).transmit(burst));
        assertEquals(0, burst.size());
    }

    @ParameterizedTest
    @EnumSource(value = Io.class, names = {"URING", "PLAIN"})
    void shouldCarryLargePacketsWhole(final Io io) {
        open(Tap.create("left").io(io).offloads(OFFLOADS), Tap.create("right").io(io).offloads(OFFLOADS));
        for (final int count : new int[] {1, 10}) {
            send(count, 60_000, Offload.GSO_TCPV4, SEGMENT);
            take(count, 60_000, Offload.GSO_TCPV4);
        }
    }

    /** Receives at the right side what was sent at the left, unchanged. */
    private void take(final int count, final int length, final int gsoType) {
        final Burst burst = fixture.burst;
        final long start = System.nanoTime();
        int seen = 0;
        while (seen < count) {
            assertTrue(System.nanoTime() - start < 10_000_000_000L, seen + " of " + count + " packets");
            right.rx(0).receive(burst);
            for (int i = 0; i < burst.size(); i++) {
                check(i, length, gsoType);
                seen++;
            }
            burst.freeAll();
        }
        assertEquals(count, seen);
    }

    private void check(final int i, final int length, final int gsoType) {
        final Burst burst = fixture.burst;
        assertEquals(length, burst.length(i));
        assertTrue(burst.hasOffload(i));
        assertEquals(Packets.TCP, burst.checksumStart(i));
        assertEquals(CSUM_OFFSET, burst.checksumOffset(i));
        assertEquals(gsoType, burst.gsoType(i));
        assertEquals(gsoType == Offload.GSO_NONE ? 0 : SEGMENT, burst.gsoSize(i));
        assertArrayEquals(Packets.unfinishedTcp(length), TapFixture.bytes(burst, i));
    }

    @Test
    void shouldCarryUnfinishedChecksums() {
        open(Tap.create("left").offloads(Offload.CSUM), Tap.create("right").offloads(Offload.CSUM));
        send(8, 1000, Offload.GSO_NONE, 0);
        take(8, 1000, Offload.GSO_NONE);
    }

    @Test
    void shouldHaveTheKernelFinishWhatTheOtherSideDoesNotTake() {
        open(Tap.create("left").offloads(OFFLOADS), Tap.create("right"));
        send(1, Packets.TCP_HEADERS + 10 * SEGMENT, Offload.GSO_TCPV4, SEGMENT);
        final List<byte[]> received = fixture.received.get(1);
        fixture.until(() -> received.size() == 10, "ten segments");
        final byte[] whole = Packets.unfinishedTcp(Packets.TCP_HEADERS + 10 * SEGMENT);
        for (int i = 0; i < 10; i++) {
            assertTrue(Packets.isTcpRight(received.get(i)), "checksum of segment " + i);
            assertArrayEquals(
                Arrays.copyOfRange(whole, Packets.TCP_HEADERS + i * SEGMENT, Packets.TCP_HEADERS + (i + 1) * SEGMENT),
                Arrays.copyOfRange(received.get(i), Packets.TCP_HEADERS, received.get(i).length));
        }
    }

    @Test
    void shouldDropUnfinishedPacketsWithoutOffloads() {
        open(Tap.create("left"), Tap.create("right"));
        final Burst burst = fixture.burst;
        fixture.add(Packets.unfinishedTcp(100));
        assertTrue(burst.offload(0, Packets.TCP, CSUM_OFFSET, Offload.GSO_NONE, 0, 0));
        fixture.add(TapFixture.packet(1, 60));
        assertEquals(1, left.tx(0).transmit(burst));
        assertEquals(1, fixture.count("port/left/tx0/drop/offload"));
        fixture.until(() -> fixture.received.get(1).size() == 1, "the other packet");
    }

    @Test
    void shouldDropOnlyThePacketThatTheKernelRefuses() {
        open(Tap.create("left").offloads(OFFLOADS), Tap.create("right").offloads(OFFLOADS));
        final Burst burst = fixture.burst;
        for (int i = 0; i < 10; i++) {
            fixture.add(Packets.unfinishedTcp(1000));
            assertTrue(burst.offload(i, Packets.TCP, CSUM_OFFSET, Offload.GSO_NONE, 0, 0));
        }
        // Cut after it was described: the checksum is beyond its end now.
        burst.resize(4, 40);
        assertEquals(9, left.tx(0).transmit(burst));
        assertEquals(1, fixture.count("port/left/tx0/drop/refused"));
        fixture.until(() -> fixture.received.get(1).size() == 9, "the other packets");
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0, 0, 0, 65535, 16",
        "1, 0, 0, 0, 999, 0",
        "1, 1, 54, 0, 34, 16",
        "1, 1, 54, 65535, 34, 16",
        "1, 127, 54, 100, 34, 16",
        "1, 3, 54, 100, 34, 6",
        "0, 1, 54, 100, 0, 0",
        "1, 128, 54, 100, 34, 16",
    })
    void shouldRefuseHeadersThatMakeNoSense(final int flags, final int type, final int headerLength, final int gsoSize,
                                            final int start, final int offset) {
        fixture.add(Packets.unfinishedTcp(1000));
        final int frame = fixture.frames.allocate();
        final long header = fixture.pool.baseAddress() + frame;
        UnsafeApi.putByte(header, (byte) flags);
        UnsafeApi.putByte(header + 1, (byte) type);
        UnsafeApi.putShort(header + 2, (short) headerLength);
        UnsafeApi.putShort(header + 4, (short) gsoSize);
        UnsafeApi.putShort(header + 6, (short) start);
        UnsafeApi.putShort(header + 8, (short) offset);
        assertFalse(VnetHeader.isPlain(header));
        assertFalse(VnetHeader.read(header, 0, fixture.burst, 0));
        fixture.frames.free(frame);
        fixture.burst.freeAll();
    }
}

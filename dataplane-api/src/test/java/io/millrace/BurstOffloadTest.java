/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a sender left to be done goes with the packet, wherever that goes, and nonsense is not taken. */
class BurstOffloadTest {
    private static final int LENGTH = 1000;
    private static final int START = 34;

    private final FramePool pool = FramePool.create(64, 4);
    private final FrameCache frames = pool.cache("test");
    private final Burst burst = new Burst(frames, 4);
    private final Burst target = new Burst(frames, 4);

    @BeforeEach
    void addPacket() {
        burst.add(frames.allocate(), LENGTH, 7);
    }

    @AfterEach
    void everyFrameIsBack() {
        burst.freeAll();
        target.freeAll();
        pool.close();
    }

    private void request() {
        assertTrue(burst.offload(0, START, 16, Offload.GSO_TCPV4, 500, 54));
    }

    private static void assertRequest(final Burst actual, final int shift) {
        assertTrue(actual.hasOffload(0));
        assertTrue(actual.needsChecksum(0));
        assertEquals(Burst.OFFLOAD, actual.flags(0));
        assertEquals(START + shift, actual.checksumStart(0));
        assertEquals(16, actual.checksumOffset(0));
        assertEquals(Offload.GSO_TCPV4, actual.gsoType(0));
        assertEquals(500, actual.gsoSize(0));
        assertEquals(54 + shift, actual.headerLength(0));
    }

    @Test
    void shouldLeaveNothingToBeDoneWhenAdded() {
        assertFalse(burst.hasOffload(0));
        assertFalse(burst.needsChecksum(0));
    }

    @Test
    void shouldGiveBackWhatWasSet() {
        request();
        assertRequest(burst, 0);
        assertEquals(LENGTH, burst.length(0));
        assertEquals(7, burst.port(0));
    }

    @Test
    void shouldMoveWithTheHeadersInFront() {
        request();
        burst.pushFront(0, burst.headroom(0));
        assertRequest(burst, burst.length(0) - LENGTH);
        burst.trimFront(0, burst.length(0) - LENGTH + 14);
        assertRequest(burst, -14);
    }

    @Test
    void shouldKeepItWhenMoved() {
        request();
        burst.move(0, target);
        assertRequest(target, 0);
        burst.settle("test");
        target.moveAll(burst);
        assertRequest(burst, 0);
    }

    @Test
    void shouldCopyItToAFrameOfAnotherColour() {
        request();
        burst.pushFront(0, 4);
        assertTrue(burst.copy(0, target));
        assertNotEquals(burst.offset(0) % FramePool.FRAME_SIZE, target.offset(0) % FramePool.FRAME_SIZE);
        burst.offload(0, 0, 0, Offload.GSO_NONE, 0, 0);
        assertRequest(target, 4);
    }

    @Test
    void shouldCopyItInJumboFrames() {
        burst.add(frames.allocateJumbo(), 60_000, 1);
        assertTrue(burst.offload(1, START, 6, Offload.GSO_UDP_L4, 1400, 0));
        assertTrue(burst.copy(1, target));
        assertEquals(START, target.checksumStart(0));
        assertEquals(Offload.GSO_UDP_L4, target.gsoType(0));
        target.pushFront(0, 8);
        assertEquals(0, target.headerLength(0));
    }

    @Test
    void shouldNotTouchThePacket() {
        burst.pushFront(0, burst.headroom(0));
        for (int at = 0; at < burst.length(0); at++) {
            UnsafeApi.putByte(burst.address(0) + at, (byte) at);
        }
        assertTrue(burst.offload(0, START, 16, Offload.GSO_TCPV4, 500, 54));
        for (int at = 0; at < burst.length(0); at++) {
            assertEquals((byte) at, UnsafeApi.getByte(burst.address(0) + at));
        }
    }

    @Test
    void shouldForgetItWhenNothingIsLeftToDo() {
        request();
        assertTrue(burst.offload(0, -1, 0, Offload.GSO_NONE, 0, 0));
        assertEquals(0, burst.flags(0));
    }

    @Test
    void shouldIgnoreSizesOfPacketsThatAreNotCut() {
        assertTrue(burst.offload(0, START, 16, Offload.GSO_NONE, 65_535, 65_535));
        assertEquals(0, burst.gsoSize(0));
        assertEquals(0, burst.headerLength(0));
    }

    @ParameterizedTest
    @CsvSource({"998, 0", "0, 998", "984, 14", "34, 16"})
    void shouldTakeAChecksumThatEndsInside(final int start, final int offset) {
        assertTrue(burst.offload(0, start, offset, Offload.GSO_NONE, 0, 0));
        assertEquals(start, burst.checksumStart(0));
        assertEquals(offset, burst.checksumOffset(0));
    }

    @ParameterizedTest
    @CsvSource({
        // a checksum outside the packet
        "999, 0, 0, 0, 0", "1000, 0, 0, 0, 0", "0, 999, 0, 0, 0", "985, 14, 0, 0, 0", "65535, 65535, 0, 0, 0",
        "2147483647, 65535, 0, 0, 0", "34, 2147483647, 0, 0, 0", "-2, 4, 0, 0, 0", "34, -1, 0, 0, 0",
        "-2147483648, 0, 0, 0, 0",
        // cut into pieces of nothing, or into one
        "34, 16, 1, 0, 54", "34, 16, 1, -1, 54", "34, 16, 1, 966, 54", "34, 16, 1, 65535, 54",
        // of no known type
        "34, 16, 127, 500, 54", "34, 16, 3, 500, 54", "34, 16, 2, 500, 54", "34, 16, 128, 500, 54",
        "34, 16, 256, 500, 54", "34, 16, -1, 500, 54", "34, 6, 133, 500, 54",
        // with the checksum of another protocol, or none
        "34, 6, 1, 500, 54", "34, 6, 4, 500, 54", "34, 16, 5, 500, 54", "-1, 0, 1, 500, 54", "-1, 0, 127, 0, 0",
        // with more headers than packet
        "34, 16, 1, 500, 65535", "34, 16, 1, 500, 1001", "34, 16, 1, 500, -1"
    })
    void shouldNotTakeNonsense(final int start, final int offset, final int type, final int size, final int headers) {
        request();
        assertFalse(burst.offload(0, start, offset, type, size, headers));
        assertEquals(0, burst.flags(0));
    }

    @Test
    void shouldCatchAQuestionAboutAPacketThatIsComplete() {
        assertThrows(AssertionError.class, () -> burst.checksumStart(0));
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 3", "129, 11", "4, 5", "132, 13", "5, 17"})
    void shouldNameWhatAPortHasToTake(final int gsoType, final int bits) {
        assertEquals(bits, Offload.needed(gsoType));
    }

    @Test
    void shouldNameWhatNoPortTakes() {
        assertEquals(Integer.MIN_VALUE, Offload.needed(Offload.GSO_UDP));
        assertEquals(Integer.MIN_VALUE, Offload.needed(0x7f));
    }

    @ParameterizedTest
    @CsvSource({"0, none", "1, csum", "3, csum+tso4", "31, csum+tso4+tso6+ecn+uso"})
    void shouldReadAndWriteBitsAsWords(final int bits, final String text) {
        assertEquals(text, Offload.text(bits));
        assertEquals(bits, Offload.parse(text));
    }

    @ParameterizedTest
    @CsvSource({"tso", "CSUM", "csum+", "''"})
    void shouldSayWhichWordIsNoOffload(final String text) {
        assertTrue(assertThrows(ConfigurationException.class, () -> Offload.parse(text)).getMessage()
            .endsWith("with + between them, not " + text));
    }
}

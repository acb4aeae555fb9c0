/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** How much passes, by a clock that the test turns. */
class PolicerTest {
    private static final long SECOND_NS = 1_000_000_000L;

    private final Dataplane dataplane = Dataplane.builder().frames(1024).jumboFrames(0).stepped().build();
    private final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
    private final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));

    @AfterEach
    void close() {
        dataplane.close();
    }

    private void start(final Policer policer) {
        dataplane.start(new Graph().from(a).to(policer).from(policer.out()).to(b));
    }

    private long dropped() {
        return dataplane.counters().snapshot().get("node/policer/drop/over-rate");
    }

    /** Sends packets of 64 bytes, and returns how many of them passed. */
    private long send(final int packets) {
        final long dropped = dropped();
        for (int i = 0; i < packets; i++) {
            a.inject(Packets.ethernet(Packets.B, Packets.A, i));
        }
        for (int passes = 0; passes * dataplane.settings().burst() < packets; passes++) {
            dataplane.step();
        }
        final long passed = b.taken().size();
        assertEquals(packets, passed + dropped() - dropped);
        return passed;
    }

    @Test
    void shouldLetABurstPassAndThenTheRate() {
        start(Policer.ofPackets(10, 40));
        assertEquals(40, send(100));
        assertEquals(0, send(100));
        dataplane.advance(Duration.ofNanos(SECOND_NS));
        assertEquals(10, send(100));
        dataplane.advance(Duration.ofNanos(SECOND_NS / 20));
        assertEquals(0, send(1));
        dataplane.advance(Duration.ofNanos(SECOND_NS / 20));
        assertEquals(1, send(2));
    }

    @Test
    void shouldHoldNoMoreThanTheBurst() {
        start(Policer.ofPackets(10, 40));
        dataplane.advance(Duration.ofNanos(1000 * SECOND_NS));
        assertEquals(40, send(100));
    }

    @Test
    void shouldCountBytes() {
        start(Policer.ofBytes(640, 128));
        assertEquals(2, send(10));
        dataplane.advance(Duration.ofNanos(SECOND_NS / 10 - 1));
        assertEquals(0, send(10));
        dataplane.advance(Duration.ofNanos(1));
        assertEquals(1, send(10));
    }

    @Test
    void shouldNeverLetPassWhatIsLargerThanTheBurst() {
        start(Policer.ofBytes(Policer.MAX, 63));
        dataplane.advance(Duration.ofNanos(1000 * SECOND_NS));
        assertEquals(0, send(10));
    }

    @Test
    void shouldComputeTheLargestNumbers() {
        start(Policer.ofBytes(Policer.MAX, Integer.MAX_VALUE));
        for (int i = 0; i < 5; i++) {
            dataplane.advance(Duration.ofNanos(Long.MAX_VALUE / 2));
            assertEquals(100, send(100));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 0", "-1, 1", "100000000001, 1", "1, 9223372036854775807"})
    void shouldRefuseNumbersOutOfRange(final long perSecond, final long burst) {
        assertTrue(assertThrows(ConfigurationException.class, () -> Policer.ofBytes(perSecond, burst)).getMessage()
            .startsWith("a policer lets 1 to 100000000000 a second pass with a burst of 1 to "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        police:10 | the node "police:10" has no rate: write it like police:10mbit or police:500kpps
        police | the node "police" has no rate: write it like police:10mbit or police:500kpps
        police:801gbit | the node "police:801gbit" has a rate above 800gbit: leave it away, it would never drop
        police:1pps,burst=x | the option burst of node "police:1pps,burst=x" is a whole number from 1 to 2147483647, \
        not x
        police:1pps,frob | the node "police:1pps,frob" has no option frob: police knows burst
        mac-swap:x | the node "mac-swap:x" is written without anything behind: mac-swap
        mac-swap,frob | the node "mac-swap,frob" has no option frob: mac-swap knows none
        frob:1 | no node type is named frob (in "frob:1"): there are filter, gro, mac-swap, police
        '' | the node "" has no type: write it like police:10mbit
        """)
    void shouldSayWhatIsWrittenWrongly(final String text, final String sentence) {
        assertEquals(sentence, assertThrows(ConfigurationException.class, () -> NodeType.parse(text)).getMessage());
    }

    @ParameterizedTest
    @CsvSource({"1bit", "8bit", "800gbit", "1kpps", "100gpps", "999999999bit"})
    void shouldTakeWrittenRates(final String rate) {
        assertEquals("node policer", NodeType.parse("police:" + rate + ",burst=100000").node().toString());
    }
}

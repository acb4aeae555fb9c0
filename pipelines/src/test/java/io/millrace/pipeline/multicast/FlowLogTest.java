/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.pipeline.Until;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class FlowLogTest {
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int SYN = 2;
    private static final int ACK = 16;

    @TempDir
    private Path folder;
    private final Counters counters = Counters.inMemory();
    private final Multicast multicast = Multicast.create("m", counters, 64, 96);
    private final WireProbe probe = multicast.probe("w", "a-b", "", null);
    private final Injector injector = new Injector();

    @AfterEach
    void closeAll() {
        injector.close();
        counters.close();
    }

    private List<String> lines() {
        try {
            return Files.readAllLines(folder.resolve("flows"));
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    private FlowLogBuilder builder() {
        return FlowLog.of(multicast).to(folder.resolve("flows"));
    }

    /** The line of a flow without its times, which are checked here. */
    private static String untimed(final String line) {
        assertTrue(line.matches(".*\"first\":\"20[-0-9]+T[.:0-9]+Z\",\"last\":\"20[-0-9]+T[.:0-9]+Z\".*"), line);
        return line.replaceAll("\"first\":\"[^\"]*\",\"last\":\"[^\"]*\",", "");
    }

    private void count(final String name, final long expected) {
        assertEquals(expected, counters.snapshot().get("flow-log/flows/" + name), name);
    }

    @Test
    void shouldAddUpThePacketsOfAFlow() {
        try (FlowLog log = builder().start()) {
            injector.inject(probe, Injector.ipv4(TCP, 0, 4000, 80, SYN), Injector.ipv4(TCP, 0, 4000, 80, ACK),
                Injector.ipv4(TCP, 0, 4001, 80, SYN), Injector.ipv6(5, 53), Injector.arp(),
                Injector.ipv4(UDP, 8, 1, 2, 0), Injector.ipv4(TCP, 0, 4000, 80, ACK));
            assertNull(log.failure());
        }
        assertEquals(List.of(
            "{\"wire\":\"a-b\",\"protocol\":17,\"source\":\"10.0.0.1\",\"sourcePort\":0,\"destination\":\"10.0.0.2\","
                + "\"destinationPort\":0,\"packets\":1,\"bytes\":100,\"tcpFlags\":0,\"end\":\"closed\"}",
            "{\"wire\":\"a-b\",\"protocol\":17,\"source\":\"2001:db8:0:0:0:0:0:1\",\"sourcePort\":5,"
                + "\"destination\":\"2001:db8:0:0:0:0:0:2\",\"destinationPort\":53,\"packets\":1,\"bytes\":100,"
                + "\"tcpFlags\":0,\"end\":\"closed\"}",
            "{\"wire\":\"a-b\",\"protocol\":6,\"source\":\"10.0.0.1\",\"sourcePort\":4000,"
                + "\"destination\":\"10.0.0.2\",\"destinationPort\":80,\"packets\":3,\"bytes\":300,"
                + "\"tcpFlags\":18,\"end\":\"closed\"}",
            "{\"wire\":\"a-b\",\"protocol\":6,\"source\":\"10.0.0.1\",\"sourcePort\":4001,"
                + "\"destination\":\"10.0.0.2\",\"destinationPort\":80,\"packets\":1,\"bytes\":100,"
                + "\"tcpFlags\":2,\"end\":\"closed\"}"),
            lines().stream().map(FlowLogTest::untimed).sorted().toList());
        count("flows", 4);
        count("not-ip", 1);
        count("overflow", 0);
    }

    @Test
    void shouldEndIdleFlowsAndForgetThem() {
        try (FlowLog log = builder().idle(Duration.ZERO).start()) {
            for (int n = 1; n <= 2; n++) {
                injector.inject(probe, Injector.ipv4(UDP, 0, 1, 2, 0));
                final int expected = n;
                Until.isTrue(() -> lines().size() == expected, () -> lines().toString());
            }
            assertTrue(lines().stream().allMatch(line -> line.contains("\"packets\":1,") && line.contains("\"idle\"")));
            assertFalse(log.isDone());
        }
        assertEquals(2, lines().size());
    }

    @Test
    void shouldCutFlowsThatGoOn() {
        try (FlowLog log = builder().active(Duration.ofMillis(1)).start()) {
            Until.isTrue(() -> {
                injector.inject(probe, Injector.ipv4(UDP, 0, 1, 2, 0));
                return lines().size() == 2;
            }, () -> lines().toString());
            assertTrue(lines().stream().allMatch(line -> line.contains("\"end\":\"active\"")), () -> "" + lines());
            assertFalse(log.isDone());
        }
    }

    @Test
    void shouldCountWhatItHasNoPlaceFor() {
        try (FlowLog log = builder().flows(2).start()) {
            for (int port = 1; port <= 5; port++) {
                injector.inject(probe, Injector.ipv4(UDP, 0, port, 53, 0));
            }
            injector.inject(probe, Injector.ipv4(UDP, 0, 1, 53, 0));
            assertNull(log.failure());
        }
        assertEquals(2, lines().size());
        count("overflow", 3);
    }

    @Test
    void shouldEndAloneWhenTheDiskIsFull() {
        try (FlowLog log = FlowLog.of(multicast).to(Path.of("/dev/full")).idle(Duration.ZERO).start()) {
            injector.inject(probe, Injector.ipv4(UDP, 0, 1, 2, 0));
            Until.isTrue(log::isDone, () -> "it goes on");
            assertEquals("flow log flows stopped: no space is left for /dev/full: free some and start it again",
                log.failure());
        }
    }

    @Test
    void shouldSayWhatCannotBe() {
        assertEquals("a flow log needs a target: say to(path) or to(stream)",
            assertThrows(ConfigurationException.class, () -> FlowLog.of(multicast).start()).getMessage());
        assertThrows(ConfigurationException.class, () -> builder().flows(0));
        assertThrows(ConfigurationException.class, () -> builder().idle(Duration.ofDays(2)));
    }
}

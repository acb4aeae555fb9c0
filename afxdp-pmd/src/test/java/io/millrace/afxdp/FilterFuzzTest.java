/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.ConfigurationException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Random filters on random frames, against {@link FilterOracle}. */
class FilterFuzzTest {
    private static final long SEED = 0x4D69_6C6CL;
    private static final int FILTERS = 300;
    private static final int FRAMES = 150;
    private static final int[] PORTS = {1, 53, 4789, 0x0800, 65535};
    private static final int[] TAG_TYPES = {0x8100, 0x88a8};
    private static final int[] VLANS = {0, 1, 100, 4094};
    private static final int[] TYPES = {0x0600, 0x0800, 0x0806, 0x8100, 0x86dd, 0x88a8, 0xffff};
    private static final long[] MACS = {0, Frames.MAC, Frames.OTHER_MAC, 0xFFFF_FFFF_FFFFL, 0x8000_0000_0000L};

    private final Random random = new Random(SEED);

    @Test
    void shouldAgreeWithTheOracle() {
        int taken = 0;
        for (int i = 0; i < FILTERS; i++) {
            final Filter filter = filter(random.nextInt(5));
            assertEquals(filter, Filter.parse(filter.toString()), "parsed from its own text");
            try (Verdicts verdicts = new Verdicts(filter)) {
                for (int j = 0; j < FRAMES; j++) {
                    final byte[] frame = frame();
                    final boolean isTaken = verdicts.takes(frame);
                    assertEquals(FilterOracle.takes(filter, frame), isTaken,
                        () -> filter + " on " + HexFormat.of().formatHex(frame));
                    taken += isTaken ? 1 : 0;
                }
            }
        }
        assertTrue(taken > FILTERS * FRAMES / 10 && taken < FILTERS * FRAMES * 9 / 10, "both verdicts: " + taken);
    }

    @Test
    void shouldVerifyWithAsManyValuesAsAllowed() {
        Needs.that(Verdicts.isKernelAllowed(), "CAP_BPF and CAP_NET_ADMIN to load BPF programs: run as root");
        final Filter macs = Filter.destination(LongStream.range(0, 200).map(i -> i << 20).toArray());
        final Filter ports = Filter.udpPort(IntStream.rangeClosed(1, 200).toArray());
        final Filter vlans = Filter.vlan(IntStream.range(0, 112).toArray());
        final Filter filter = macs.and(ports).or(vlans.and(ports.not())).or(macs.not().and(vlans));
        assertEquals(Filter.MAX_SIZE, filter.condition().size());
        assertVerified(filter);
    }

    @Test
    void shouldNotMakeTheVerifierTryEveryCombination() {
        Needs.that(Verdicts.isKernelAllowed(), "CAP_BPF and CAP_NET_ADMIN to load BPF programs: run as root");
        final Filter macs = Filter.destination(LongStream.range(0, 100).toArray());
        final Filter ports = Filter.udpPort(IntStream.rangeClosed(1, 100).toArray());
        final Filter vlans = Filter.vlan(IntStream.range(0, 100).toArray());
        // Every field again and again: what a comparison found out must be forgotten, or this takes a million steps.
        assertVerified(ports.and(macs).and(vlans).or(ports.not().and(macs.not()).and(vlans.not()))
            .or(ports.and(macs.not()).and(vlans)));
    }

    private void assertVerified(final Filter filter) {
        try (Verdicts verdicts = new Verdicts(filter)) {
            for (int j = 0; j < FRAMES; j++) {
                final byte[] frame = frame();
                assertEquals(FilterOracle.takes(filter, frame), verdicts.takes(frame));
            }
        }
    }

    @Test
    void shouldReadGarbageOrSayWhatIsWrong() {
        final String pieces =
            "all none and or not ( ) udp: vlan: type: mac: / : + 53 0x 0x0800 52:54:00:12:34:56 - \0 é";
        final String[] words = pieces.split(" ");
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            final StringBuilder text = new StringBuilder();
            for (int j = random.nextInt(8); j >= 0; j--) {
                text.append(words[random.nextInt(words.length)]).append(random.nextBoolean() ? " " : "");
            }
            try {
                final Filter filter = Filter.parse(text.toString());
                assertEquals(filter, Filter.parse(filter.toString()));
                read++;
            } catch (final ConfigurationException e) {
                assertTrue(e.getMessage().contains("write it like "), e.getMessage());
            }
        }
        assertTrue(read > 0);
    }

    private Filter filter(final int depth) {
        if (depth > 0) {
            final Filter part = filter(depth - 1);
            return switch (random.nextInt(5)) {
                case 0 -> part.not();
                case 1, 2 -> part.and(filter(random.nextInt(depth)));
                default -> part.or(filter(random.nextInt(depth)));
            };
        }
        final int count = random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(random.nextInt(4) == 0 ? 12 : 2);
        return switch (random.nextInt(4)) {
            case 0 -> Filter.udpPort(IntStream.range(0, count).map(i -> number(PORTS, 1, 65536)).toArray());
            case 1 -> Filter.vlan(IntStream.range(0, count).map(i -> number(VLANS, 0, 4095)).toArray());
            case 2 -> Filter.etherType(IntStream.range(0, count).map(i -> number(TYPES, 0x600, 0x10000)).toArray());
            default -> Filter.destination(LongStream.range(0, count).map(i -> mac()).toArray());
        };
    }

    private int number(final int[] favourites, final int from, final int to) {
        return random.nextInt(10) == 0 ? random.nextInt(from, to) : favourites[random.nextInt(favourites.length)];
    }

    private long mac() {
        return random.nextInt(10) == 0 ? random.nextLong() >>> 16 : MACS[random.nextInt(MACS.length)];
    }

    private byte[] frame() {
        if (random.nextInt(8) == 0) {
            final byte[] noise = new byte[random.nextInt(61)];
            random.nextBytes(noise);
            return noise;
        }
        final StringBuilder tags = new StringBuilder();
        for (int depth = random.nextInt(8) == 0 ? 2 : random.nextInt(2); depth > 0; depth--) {
            tags.append("%04x%04x".formatted(number(TAG_TYPES, 0x8100, 0x8101),
                number(VLANS, 0, 4096) | random.nextInt(16) << 12));
        }
        final int port = number(PORTS, 0, 65536);
        final byte[] frame = Frames.ethernet(mac(), tags.toString(), switch (random.nextInt(6)) {
            case 0 -> "%04x".formatted(number(TYPES, 0, 0x10000)) + "00".repeat(random.nextInt(60));
            case 1, 2 -> Frames.udp6(port);
            default -> Frames.udp4(port, random.nextInt(4) == 0 ? random.nextInt(16) : 5,
                random.nextInt(4) == 0 ? random.nextInt(0x10000) : 0);
        });
        if (random.nextInt(4) == 0) {
            frame[random.nextInt(frame.length)] = (byte) random.nextInt();
        }
        return random.nextInt(4) == 0 ? Arrays.copyOf(frame, random.nextInt(frame.length + 1)) : frame;
    }
}

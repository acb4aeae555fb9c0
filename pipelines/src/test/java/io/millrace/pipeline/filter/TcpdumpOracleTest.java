/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random filters select the packets that tcpdump selects. */
class TcpdumpOracleTest {
    private static final long SEED = Long.getLong("seed", 0x7063_6170L);
    private static final int FILTERS = Integer.getInteger("filters", 400);
    private static final int PACKETS = 2000;
    private static final int FILE_HEADER_BYTES = 24;
    private static final int RECORD_HEADER_BYTES = 16;

    @TempDir
    Path folder;

    private final Random random = new Random(SEED);
    private final List<byte[]> packets = new ArrayList<>();
    private final Matching matching = new Matching();

    @BeforeAll
    static void needsTcpdump() throws IOException, InterruptedException {
        boolean isThere;
        try {
            isThere = new ProcessBuilder("tcpdump", "--version").redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (final IOException e) {
            isThere = false;
        }
        if (!isThere) {
            System.out.println("skipped: comparing packet filters with libpcap needs tcpdump");
        }
        assumeTrue(isThere);
    }

    @AfterEach
    void close() {
        matching.close();
    }

    @Test
    void shouldSelectWhatTcpdumpSelects() throws IOException, InterruptedException {
        final RandomPackets source = new RandomPackets(random);
        for (int i = 0; i < PACKETS; i++) {
            packets.add(source.next());
        }
        final Path file = folder.resolve("packets.pcap");
        write(file);
        final RandomFilters filters = new RandomFilters(random);
        int selecting = 0;
        for (int i = 0; i < FILTERS; i++) {
            final String text = filters.next();
            final PacketFilter filter = PacketFilter.compile(text);
            final PacketFilter normal = PacketFilter.compile(filter.toString());
            assertEquals(filter.toString(), normal.toString(), () -> "the normal form of the normal form of " + text);
            final BitSet expected = selected(file, text);
            for (int j = 0; j < PACKETS; j++) {
                final byte[] packet = packets.get(j);
                assertEquals(expected.get(j), matching.matches(filter, packet),
                    () -> "\"" + text + "\" on " + HexFormat.of().formatHex(packet));
                assertEquals(expected.get(j), matching.matches(normal, packet),
                    () -> "\"" + filter + "\" on " + HexFormat.of().formatHex(packet));
            }
            selecting += expected.isEmpty() || expected.cardinality() == PACKETS ? 0 : 1;
        }
        assertTrue(selecting > FILTERS / 2, () -> "filters that take some and leave some are too few to tell");
    }

    /** Each packet has its number as its time. */
    private void write(final Path file) throws IOException {
        final int size = packets.stream().mapToInt(packet -> RECORD_HEADER_BYTES + packet.length).sum();
        final ByteBuffer bytes = ByteBuffer.allocate(FILE_HEADER_BYTES + size).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0xa1b2c3d4).putShort((short) 2).putShort((short) 4).putLong(0).putInt(1 << 18).putInt(1);
        for (int i = 0; i < packets.size(); i++) {
            final byte[] packet = packets.get(i);
            bytes.putInt(i).putInt(0).putInt(packet.length).putInt(packet.length).put(packet);
        }
        Files.write(file, bytes.array());
    }

    private static BitSet selected(final Path file, final String filter) throws IOException, InterruptedException {
        final Path errors = file.resolveSibling("errors");
        // Its optimiser changes the order of tests, and so which of them meet the end of a packet that is cut off.
        final Process tcpdump = new ProcessBuilder("tcpdump", "-O", "-r", file.toString(), "-w", "-", filter)
            .redirectError(errors.toFile()).start();
        final byte[] out = tcpdump.getInputStream().readAllBytes();
        assertTrue(tcpdump.waitFor(60, TimeUnit.SECONDS));
        final String said = Files.readString(errors, StandardCharsets.UTF_8);
        final BitSet selected = new BitSet();
        assertEquals(0, tcpdump.exitValue(), () -> "\"" + filter + "\": " + said);
        final ByteBuffer bytes = ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN).position(FILE_HEADER_BYTES);
        while (bytes.hasRemaining()) {
            selected.set(bytes.getInt());
            bytes.position(bytes.position() + 4);
            final int captured = bytes.getInt();
            bytes.position(bytes.position() + 4 + captured);
        }
        return selected;
    }
}

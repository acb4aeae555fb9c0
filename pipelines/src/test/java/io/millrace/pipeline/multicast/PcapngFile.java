/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Reads pcapng by the draft, strictly: what a writer got wrong fails here. */
final class PcapngFile {
    private static final int COMMENT = 1;

    final List<Map<Integer, byte[]>> interfaces = new ArrayList<>();
    final List<Integer> snapLengths = new ArrayList<>();
    final List<Packet> packets = new ArrayList<>();
    final Map<Integer, Map<Integer, byte[]>> statistics = new HashMap<>();

    /** One packet as it stands in the file. */
    record Packet(int iface, long epochNs, int length, byte[] bytes, String comment, long dropped) {
    }

    static PcapngFile read(final Path path) throws IOException {
        return new PcapngFile(ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN));
    }

    PcapngFile(final ByteBuffer file) {
        assertEquals(0x0A0D0D0A, file.getInt(0), "begins with a section header");
        while (file.hasRemaining()) {
            final int start = file.position();
            final int type = file.getInt();
            final int length = file.getInt();
            assertTrue(length >= 12 && length % 4 == 0 && length <= file.limit() - start, () -> "length " + length);
            assertEquals(length, file.getInt(start + length - 4), "both lengths");
            block(type, file.slice(start + 8, length - 12).order(ByteOrder.LITTLE_ENDIAN));
            file.position(start + length);
        }
    }

    private void block(final int type, final ByteBuffer body) {
        switch (type) {
            case 0x0A0D0D0A -> {
                assertEquals(0x1A2B3C4D, body.getInt());
                assertEquals(1, body.getShort());
                assertEquals(0, body.getShort());
                assertEquals(-1, body.getLong());
                options(body);
            }
            case 1 -> {
                assertEquals(1, body.getShort(), "Ethernet");
                body.getShort();
                snapLengths.add(body.getInt());
                interfaces.add(options(body));
                assertEquals(9, interfaces.get(interfaces.size() - 1).get(9)[0], "nanoseconds");
            }
            case 5 -> {
                final int number = body.getInt();
                body.getLong();
                statistics.put(number, options(body));
            }
            case 6 -> packet(body);
            default -> throw new AssertionError("block type " + type);
        }
    }

    private void packet(final ByteBuffer body) {
        final int iface = body.getInt();
        assertTrue(iface < interfaces.size(), "an interface that was announced");
        final long time = (long) body.getInt() << 32 | body.getInt() & 0xFFFF_FFFFL;
        final byte[] bytes = new byte[body.getInt()];
        final int length = body.getInt();
        body.get(bytes);
        align(body);
        final Map<Integer, byte[]> options = options(body);
        final byte[] comment = options.get(COMMENT);
        packets.add(new Packet(iface, time, length, bytes,
            comment == null ? "" : new String(comment, StandardCharsets.UTF_8), number(options, 4)));
    }

    private static Map<Integer, byte[]> options(final ByteBuffer body) {
        final Map<Integer, byte[]> options = new HashMap<>();
        while (body.hasRemaining()) {
            final int code = body.getShort() & 0xFFFF;
            final byte[] value = new byte[body.getShort() & 0xFFFF];
            body.get(value);
            align(body);
            if (code == 0) {
                assertEquals(0, body.remaining(), "the end of options is the end");
            } else {
                options.put(code, value);
            }
        }
        return options;
    }

    private static void align(final ByteBuffer body) {
        body.position(body.position() + 3 & ~3);
    }

    private static long number(final Map<Integer, byte[]> options, final int code) {
        final byte[] value = options.get(code);
        return value == null ? 0 : ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    String name(final int number) {
        return new String(interfaces.get(number).get(2), StandardCharsets.UTF_8);
    }

    String description(final int number) {
        return new String(interfaces.get(number).get(3), StandardCharsets.UTF_8);
    }

    long received(final int number) {
        return number(statistics.get(number), 4);
    }

    long dropped(final int number) {
        return number(statistics.get(number), 5);
    }
}

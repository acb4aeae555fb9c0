/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Capture files in the classic pcap format, written and read whole. */
final class Pcap {
    private static final int MAGIC_MICROSECONDS = 0xa1b2c3d4;
    private static final int FILE_HEADER_BYTES = 24;
    private static final int RECORD_HEADER_BYTES = 16;
    private static final int SNAPSHOT_BYTES = 1 << 18;
    private static final int ETHERNET = 1;

    private Pcap() {
    }

    /** Writes {@code packets} in their order, all with the time 0. */
    static void write(final Path file, final List<byte[]> packets) {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            final ByteBuffer header = ByteBuffer.allocate(FILE_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            header.putInt(MAGIC_MICROSECONDS).putShort((short)2).putShort((short)4).putLong(0)
                .putInt(SNAPSHOT_BYTES).putInt(ETHERNET);
            out.write(header.array());
            for (final byte[] packet : packets) {
                final ByteBuffer head = ByteBuffer.allocate(RECORD_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
                out.write(head.putLong(0).putInt(packet.length).putInt(packet.length).array());
                out.write(packet);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads a file of this machine's byte order; a record cut short by a crash fails. */
    static List<byte[]> read(final Path file) {
        try {
            final ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            final List<byte[]> packets = new ArrayList<>();
            bytes.position(FILE_HEADER_BYTES);
            while (bytes.hasRemaining()) {
                final int captured = bytes.getInt(bytes.position() + 8);
                bytes.position(bytes.position() + RECORD_HEADER_BYTES);
                final byte[] packet = new byte[captured];
                bytes.get(packet);
                packets.add(packet);
            }
            return packets;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

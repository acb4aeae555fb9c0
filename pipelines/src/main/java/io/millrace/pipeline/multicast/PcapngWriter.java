/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes pcapng (draft-ietf-opsawg-pcapng): one section, an interface for each wire, packets with nanoseconds.
 *
 * <pre>
 *   section header | interface 0 | packet | packet | interface 1 | packet | ... | statistics 0 | statistics 1
 *
 *   one block:  type | length | fields | data, padded | options | length
 * </pre>
 *
 * Whole blocks are collected and written together; a file that is cut off ends with a whole block nearly always.
 *
 * <p>Thread safety: none.
 */
final class PcapngWriter {
    private static final int SECTION_HEADER = 0x0A0D0D0A;
    private static final int BYTE_ORDER_MAGIC = 0x1A2B3C4D;
    private static final int INTERFACE_DESCRIPTION = 1;
    private static final int INTERFACE_STATISTICS = 5;
    private static final int ENHANCED_PACKET = 6;
    private static final short LINKTYPE_ETHERNET = 1;
    private static final byte NANOSECONDS = 9;

    private static final int END_OF_OPTIONS = 0;
    private static final int COMMENT = 1;
    private static final int SHB_USER_APPLICATION = 4;
    private static final int IF_NAME = 2;
    private static final int IF_DESCRIPTION = 3;
    private static final int IF_TIME_RESOLUTION = 9;
    private static final int EPB_DROP_COUNT = 4;
    private static final int ISB_START_TIME = 2;
    private static final int ISB_END_TIME = 3;
    private static final int ISB_RECEIVED = 4;
    private static final int ISB_DROPPED = 5;
    private static final int ISB_ACCEPTED = 6;

    private static final int BUFFER_LENGTH = 1 << 18;
    private static final int MOST_TEXT = 4096;
    // Of a block besides its packet: fields, two texts and some numbers.
    private static final int MOST_AROUND = 3 * MOST_TEXT;

    private final Target target;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private int blockStart;
    private int interfaces;

    PcapngWriter(final Target target) {
        this.target = target;
    }

    /** The beginning of the file. */
    void section(final String application) throws IOException {
        begin(SECTION_HEADER, 0);
        buffer.putInt(BYTE_ORDER_MAGIC).putShort((short) 1).putShort((short) 0).putLong(-1);
        option(SHB_USER_APPLICATION, application);
        end();
    }

    /**
     * Announces an interface.
     *
     * @param snapBytes the most bytes of a packet there.
     * @return its number.
     */
    int addInterface(final String name, final String description, final int snapBytes) throws IOException {
        begin(INTERFACE_DESCRIPTION, 0);
        buffer.putShort(LINKTYPE_ETHERNET).putShort((short) 0).putInt(snapBytes);
        option(IF_NAME, name);
        option(IF_DESCRIPTION, description);
        buffer.putShort((short) IF_TIME_RESOLUTION).putShort((short) 1).put(NANOSECONDS);
        pad();
        end();
        return interfaces++;
    }

    /**
     * One packet.
     *
     * @param number  of the interface.
     * @param limit   the most bytes of it.
     * @param dropped how many are missing since the one before on this interface.
     * @param comment may be empty.
     */
    void packet(final int number, final PacketCopy copy, final int limit, final long dropped, final String comment)
        throws IOException {
        final int captured = Math.min(limit, copy.captured());
        begin(ENHANCED_PACKET, captured);
        buffer.putInt(number);
        time(copy.epochNs());
        buffer.putInt(captured).putInt(copy.length());
        copy.copyTo(buffer, captured);
        pad();
        option(COMMENT, comment);
        if (dropped > 0) {
            option(EPB_DROP_COUNT, dropped);
        }
        end();
    }

    /** One packet that is not a copy any more. */
    void packet(final int number, final long epochNs, final int length, final byte[] bytes, final String comment)
        throws IOException {
        begin(ENHANCED_PACKET, bytes.length);
        buffer.putInt(number);
        time(epochNs);
        buffer.putInt(bytes.length).putInt(length).put(bytes);
        pad();
        option(COMMENT, comment);
        end();
    }

    /** What became of the packets of an interface; {@code seen} are those that were not dropped. */
    void statistics(final int number, final long startNs, final long endNs, final long seen, final long written,
                    final long dropped, final String comment) throws IOException {
        begin(INTERFACE_STATISTICS, 0);
        buffer.putInt(number);
        time(endNs);
        option(COMMENT, comment);
        buffer.putShort((short) ISB_START_TIME).putShort((short) Long.BYTES);
        time(startNs);
        buffer.putShort((short) ISB_END_TIME).putShort((short) Long.BYTES);
        time(endNs);
        option(ISB_RECEIVED, seen + dropped);
        option(ISB_DROPPED, dropped);
        option(ISB_ACCEPTED, written);
        end();
    }

    private void begin(final int type, final int packetBytes) throws IOException {
        if (buffer.remaining() < packetBytes + MOST_AROUND) {
            flush();
        }
        blockStart = buffer.position();
        buffer.putInt(type).putInt(0);
    }

    private void end() {
        buffer.putInt(END_OF_OPTIONS);
        final int length = buffer.position() + Integer.BYTES - blockStart;
        buffer.putInt(blockStart + Integer.BYTES, length).putInt(length);
    }

    private void time(final long epochNs) {
        buffer.putInt((int) (epochNs >>> Integer.SIZE)).putInt((int) epochNs);
    }

    private void option(final int code, final String text) {
        if (text.isEmpty()) {
            return;
        }
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        final int length = Math.min(bytes.length, MOST_TEXT);
        buffer.putShort((short) code).putShort((short) length).put(bytes, 0, length);
        pad();
    }

    private void option(final int code, final long number) {
        buffer.putShort((short) code).putShort((short) Long.BYTES).putLong(number);
    }

    private void pad() {
        while ((buffer.position() - blockStart) % Integer.BYTES != 0) {
            buffer.put((byte) 0);
        }
    }

    boolean isFlushed() {
        return buffer.position() == 0;
    }

    /** Hands on all blocks so far. */
    void flush() throws IOException {
        buffer.flip();
        try {
            target.write(buffer);
        } finally {
            buffer.clear();
        }
    }
}

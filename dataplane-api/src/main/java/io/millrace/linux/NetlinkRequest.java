/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A netlink message in the making: header, the fixed part its type has, attributes.
 *
 * <pre>
 *    0  length   of everything, 32 bits
 *    4  type     16 bits
 *    6  flags    16 bits
 *    8  sequence number, given by the socket that sends it
 *   12  port, 0: the kernel fills it in
 *   16  fixed part, then attributes: length (16 bits), type (16 bits), value, padding to 4 bytes
 * </pre>
 */
final class NetlinkRequest {
    static final int REQUEST = 1;
    static final int ACK = 4;
    static final int DUMP = 0x300;

    static final int HEADER_LENGTH = 16;
    static final int SEQUENCE_OFFSET = 8;

    private static final int CAPACITY = 512;
    private static final int ALIGNMENT = 4;

    private final ByteBuffer bytes = ByteBuffer.allocate(CAPACITY).order(ByteOrder.nativeOrder());

    /**
     * Starts one.
     *
     * @param flags {@link #ACK} where success is to be confirmed, {@link #DUMP} to ask for all there are, or 0.
     */
    NetlinkRequest(final int type, final int flags) {
        bytes.putInt(0).putShort((short) type).putShort((short) (REQUEST | flags)).putInt(0).putInt(0);
    }

    /** Appends eight bits of the fixed part. */
    NetlinkRequest addByte(final int value) {
        bytes.put((byte) value);
        return this;
    }

    /** Appends 16 bits of the fixed part. */
    NetlinkRequest addShort(final int value) {
        bytes.putShort((short) value);
        return this;
    }

    /** Appends 32 bits of the fixed part. */
    NetlinkRequest addInt(final int value) {
        bytes.putInt(value);
        return this;
    }

    /** Appends an attribute of 32 bits. */
    NetlinkRequest attribute(final int type, final int value) {
        return attribute(type, ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(0, value)
            .array());
    }

    /** Appends an attribute of text, with the zero that ends it. */
    NetlinkRequest attribute(final int type, final String text) {
        return attribute(type, (text + '\0').getBytes(StandardCharsets.UTF_8));
    }

    /** Appends an attribute of bytes. */
    NetlinkRequest attribute(final int type, final byte[] value) {
        bytes.putShort((short) (NetlinkAttributes.HEADER_LENGTH + value.length)).putShort((short) type).put(value);
        while (bytes.position() % ALIGNMENT != 0) {
            bytes.put((byte) 0);
        }
        return this;
    }

    /** The message as it is sent. */
    byte[] finish(final int sequence) {
        bytes.putInt(0, bytes.position()).putInt(SEQUENCE_OFFSET, sequence);
        final byte[] message = new byte[bytes.position()];
        bytes.get(0, message);
        return message;
    }
}

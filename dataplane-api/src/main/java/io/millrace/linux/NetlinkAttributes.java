/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The attributes of a netlink message, by their types. Of several with one type the last counts. What is missing, or
 * shorter than what it is read as, is what the reader gives in its place.
 */
final class NetlinkAttributes {
    static final int HEADER_LENGTH = 4;

    // NLA_F_NESTED and NLA_F_NET_BYTEORDER share the type's field.
    private static final int TYPE_MASK = 0x3fff;
    private static final int ALIGNMENT = 4;

    private final Map<Integer, ByteBuffer> values = new HashMap<>();

    private NetlinkAttributes() {
    }

    /**
     * Takes {@code bytes} apart, from the position to the limit.
     *
     * @throws LinuxException {@code EBADMSG} if they are not attributes.
     */
    static NetlinkAttributes parse(final ByteBuffer bytes) {
        final NetlinkAttributes attributes = new NetlinkAttributes();
        int at = bytes.position();
        while (bytes.limit() - at >= HEADER_LENGTH) {
            final int length = bytes.getShort(at) & 0xffff;
            if (length < HEADER_LENGTH || length > bytes.limit() - at) {
                throw new LinuxException("read a netlink attribute of " + length + " bytes, of which "
                    + (bytes.limit() - at) + " are there", Errno.EBADMSG, "");
            }
            final ByteBuffer value = bytes.slice(at + HEADER_LENGTH, length - HEADER_LENGTH)
                .order(ByteOrder.nativeOrder());
            attributes.values.put(bytes.getShort(at + 2) & TYPE_MASK, value);
            at += length + ALIGNMENT - 1 & -ALIGNMENT;
        }
        return attributes;
    }

    boolean has(final int type) {
        return values.containsKey(type);
    }

    int getByte(final int type, final int otherwise) {
        final ByteBuffer value = values.get(type);
        return value == null || value.limit() < Byte.BYTES ? otherwise : value.get(0) & 0xff;
    }

    int getShort(final int type, final int otherwise) {
        final ByteBuffer value = values.get(type);
        return value == null || value.limit() < Short.BYTES ? otherwise : value.getShort(0) & 0xffff;
    }

    int getInt(final int type, final int otherwise) {
        final ByteBuffer value = values.get(type);
        return value == null || value.limit() < Integer.BYTES ? otherwise : value.getInt(0);
    }

    /** The second of two numbers of 32 bits. */
    int getSecondInt(final int type, final int otherwise) {
        final ByteBuffer value = values.get(type);
        return value == null || value.limit() < 2 * Integer.BYTES ? otherwise : value.getInt(Integer.BYTES);
    }

    long getLong(final int type, final long otherwise) {
        final ByteBuffer value = values.get(type);
        return value == null || value.limit() < Long.BYTES ? otherwise : value.getLong(0);
    }

    /** The text up to its first zero; empty if there is none. */
    String text(final int type) {
        final byte[] bytes = bytes(type);
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    /** The value as it is; no bytes if there is none. */
    byte[] bytes(final int type) {
        final ByteBuffer value = values.get(type);
        final byte[] bytes = new byte[value == null ? 0 : value.limit()];
        if (value != null) {
            value.get(0, bytes);
        }
        return bytes;
    }

    /** The attributes inside an attribute; none if there is none. */
    NetlinkAttributes nested(final int type) {
        final ByteBuffer value = values.get(type);
        return value == null ? new NetlinkAttributes() : parse(value);
    }
}

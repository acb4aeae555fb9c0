/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import java.nio.ByteBuffer;

/**
 * The payload of IOTLB_MSG in either direction: {@code struct vhost_iotlb_msg} of linux/vhost_types.h.
 *
 * <pre>
 *   0      8      16               24           25     26
 *   +------+------+----------------+------------+------+---------
 *   | iova | size | user address   | permission | type | padding
 *   +------+------+----------------+------------+------+---------
 * </pre>
 *
 * @param iova       by which the device reaches it.
 * @param size       in bytes.
 * @param user       where the front-end process sees it.
 * @param permission {@link Misses#READ}, {@link Misses#WRITE} or both.
 * @param type       what is said about it.
 */
record IotlbMessage(long iova, long size, long user, int permission, int type) {
    /** From the back-end: it needs that address. */
    static final int MISS = 1;
    /** From the front-end: there it is. */
    static final int UPDATE = 2;
    /** From the front-end: it is not there any more. */
    static final int INVALIDATE = 3;
    /** With its padding. */
    static final int LENGTH = 32;

    private static final int SIZE_OFFSET = 8;
    private static final int USER_OFFSET = 16;
    private static final int PERMISSION_OFFSET = 24;
    private static final int TYPE_OFFSET = 25;

    /** What a front-end says. */
    static IotlbMessage of(final Message message) {
        final int rest = message.u16(PERMISSION_OFFSET);
        return new IotlbMessage(message.u64(0), message.u64(SIZE_OFFSET), message.u64(USER_OFFSET), rest & 0xff,
            rest >>> Byte.SIZE);
    }

    /** Writes a message about an address alone. */
    static void write(final ByteBuffer to, final long iova, final int permission, final int type) {
        to.putLong(0, iova).putLong(SIZE_OFFSET, 0).putLong(USER_OFFSET, 0).putLong(PERMISSION_OFFSET, 0)
            .put(PERMISSION_OFFSET, (byte) permission).put(TYPE_OFFSET, (byte) type);
    }
}

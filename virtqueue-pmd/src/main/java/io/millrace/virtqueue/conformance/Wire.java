/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The numbers of vhost-user and virtio that the scenarios use, by their names in the specifications. */
final class Wire {
    static final int GET_FEATURES = 1;
    static final int SET_FEATURES = 2;
    static final int SET_OWNER = 3;
    static final int SET_MEM_TABLE = 5;
    static final int SET_LOG_BASE = 6;
    static final int SET_VRING_NUM = 8;
    static final int SET_VRING_ADDR = 9;
    static final int SET_VRING_BASE = 10;
    static final int GET_VRING_BASE = 11;
    static final int SET_VRING_KICK = 12;
    static final int SET_VRING_CALL = 13;
    static final int GET_PROTOCOL_FEATURES = 15;
    static final int SET_PROTOCOL_FEATURES = 16;
    static final int GET_QUEUE_NUM = 17;
    static final int SET_VRING_ENABLE = 18;
    static final int SET_BACKEND_REQ_FD = 21;
    static final int IOTLB_MSG = 22;
    /** What a back-end sends. */
    static final int BACKEND_IOTLB_MSG = 1;

    static final int HEADER_LENGTH = 12;
    static final int VERSION = 1;
    static final int REPLY = 1 << 2;
    static final int NEED_REPLY = 1 << 3;

    static final long MRG_RXBUF = 1L << 15;
    static final long LOG_ALL = 1L << 26;
    static final long INDIRECT_DESC = 1L << 28;
    static final long EVENT_IDX = 1L << 29;
    static final long PROTOCOL_FEATURES = 1L << 30;
    static final long VERSION_1 = 1L << 32;
    static final long ACCESS_PLATFORM = 1L << 33;
    static final long RING_PACKED = 1L << 34;

    static final long P_MQ = 1;
    static final long P_LOG_SHMFD = 1 << 1;
    static final long P_REPLY_ACK = 1 << 3;
    static final long P_BACKEND_REQ = 1 << 5;

    private Wire() {
    }

    static ByteBuffer payload(final int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    static ByteBuffer u64(final long value) {
        return payload(8).putLong(0, value);
    }

    /** A vring state: a ring and a number. */
    static ByteBuffer state(final int ring, final int number) {
        return payload(8).putInt(0, ring).putInt(4, number);
    }

    static ByteBuffer message(final int request, final int flags, final ByteBuffer payload) {
        return payload(HEADER_LENGTH + payload.remaining()).putInt(request).putInt(flags | VERSION)
            .putInt(payload.remaining()).put(payload.duplicate()).flip();
    }
}

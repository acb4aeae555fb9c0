/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/** Bits of GET_PROTOCOL_FEATURES and SET_PROTOCOL_FEATURES, by their names in QEMU's docs/interop/vhost-user.rst. */
final class ProtocolFeatures {
    static final long MQ = 1L;
    static final long LOG_SHMFD = 1L << 1;
    static final long RARP = 1L << 2;
    static final long REPLY_ACK = 1L << 3;
    static final long NET_MTU = 1L << 4;
    static final long BACKEND_REQ = 1L << 5;
    static final long CROSS_ENDIAN = 1L << 6;
    static final long CRYPTO_SESSION = 1L << 7;
    static final long PAGEFAULT = 1L << 8;
    static final long CONFIG = 1L << 9;
    static final long BACKEND_SEND_FD = 1L << 10;
    static final long HOST_NOTIFIER = 1L << 11;
    static final long INFLIGHT_SHMFD = 1L << 12;
    static final long RESET_DEVICE = 1L << 13;
    static final long INBAND_NOTIFICATIONS = 1L << 14;
    static final long CONFIGURE_MEM_SLOTS = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long XEN_MMAP = 1L << 17;
    static final long SHARED_OBJECT = 1L << 18;
    static final long DEVICE_STATE = 1L << 19;

    private ProtocolFeatures() {
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * Every request a front-end can send: one row each, with what its message looks like. The rows a back-end does not
 * serve are here too, so that they are told from garbage; it serves those it has a handler for.
 *
 * <p>The ids, sizes and descriptors are those of QEMU's docs/interop/vhost-user.rst, "Front-end message types".
 */
enum VhostRequest {
    GET_FEATURES(1, Payload.NONE, Fds.NONE, Reply.VALUE, 0),
    SET_FEATURES(2, Payload.U64, Fds.NONE, Reply.ACK, 0),
    SET_OWNER(3, Payload.NONE, Fds.NONE, Reply.ACK, 0),
    RESET_OWNER(4, Payload.NONE, Fds.NONE, Reply.ACK, 0),
    SET_MEM_TABLE(5, Payload.MEM_TABLE, Fds.ONE_PER_REGION, Reply.ACK, 0),
    SET_LOG_BASE(6, Payload.LOG, Fds.ONE, Reply.VALUE, ProtocolFeatures.LOG_SHMFD),
    SET_LOG_FD(7, Payload.NONE, Fds.ONE, Reply.ACK, 0),
    SET_VRING_NUM(8, Payload.VRING_STATE, Fds.NONE, Reply.ACK, 0),
    SET_VRING_ADDR(9, Payload.VRING_ADDR, Fds.NONE, Reply.ACK, 0),
    SET_VRING_BASE(10, Payload.VRING_STATE, Fds.NONE, Reply.ACK, 0),
    GET_VRING_BASE(11, Payload.VRING_STATE, Fds.NONE, Reply.VALUE, 0),
    SET_VRING_KICK(12, Payload.U64, Fds.ONE_UNLESS_BIT_8, Reply.ACK, 0),
    SET_VRING_CALL(13, Payload.U64, Fds.ONE_UNLESS_BIT_8, Reply.ACK, 0),
    SET_VRING_ERR(14, Payload.U64, Fds.ONE_UNLESS_BIT_8, Reply.ACK, 0),
    GET_PROTOCOL_FEATURES(15, Payload.NONE, Fds.NONE, Reply.VALUE, 0),
    SET_PROTOCOL_FEATURES(16, Payload.U64, Fds.NONE, Reply.ACK, 0),
    GET_QUEUE_NUM(17, Payload.NONE, Fds.NONE, Reply.VALUE, ProtocolFeatures.MQ),
    SET_VRING_ENABLE(18, Payload.VRING_STATE, Fds.NONE, Reply.ACK, 0),
    SEND_RARP(19, Payload.U64, Fds.NONE, Reply.ACK, ProtocolFeatures.RARP),
    NET_SET_MTU(20, Payload.U64, Fds.NONE, Reply.ACK, ProtocolFeatures.NET_MTU),
    SET_BACKEND_REQ_FD(21, Payload.NONE, Fds.ONE, Reply.ACK, ProtocolFeatures.BACKEND_REQ),
    IOTLB_MSG(22, Payload.IOTLB, Fds.NONE, Reply.ACK, ProtocolFeatures.BACKEND_REQ),
    SET_VRING_ENDIAN(23, Payload.VRING_STATE, Fds.NONE, Reply.ACK, ProtocolFeatures.CROSS_ENDIAN),
    GET_CONFIG(24, Payload.CONFIG, Fds.NONE, Reply.VALUE, ProtocolFeatures.CONFIG),
    SET_CONFIG(25, Payload.CONFIG, Fds.NONE, Reply.ACK, ProtocolFeatures.CONFIG),
    CREATE_CRYPTO_SESSION(26, Payload.ANY, Fds.NONE, Reply.VALUE, ProtocolFeatures.CRYPTO_SESSION),
    CLOSE_CRYPTO_SESSION(27, Payload.ANY, Fds.NONE, Reply.ACK, ProtocolFeatures.CRYPTO_SESSION),
    POSTCOPY_ADVISE(28, Payload.NONE, Fds.NONE, Reply.VALUE, ProtocolFeatures.PAGEFAULT),
    POSTCOPY_LISTEN(29, Payload.NONE, Fds.NONE, Reply.ACK, ProtocolFeatures.PAGEFAULT),
    POSTCOPY_END(30, Payload.NONE, Fds.NONE, Reply.VALUE, ProtocolFeatures.PAGEFAULT),
    GET_INFLIGHT_FD(31, Payload.INFLIGHT, Fds.NONE, Reply.VALUE, ProtocolFeatures.INFLIGHT_SHMFD),
    SET_INFLIGHT_FD(32, Payload.INFLIGHT, Fds.ONE, Reply.ACK, ProtocolFeatures.INFLIGHT_SHMFD),
    GPU_SET_SOCKET(33, Payload.ANY, Fds.ONE, Reply.ACK, 0),
    RESET_DEVICE(34, Payload.NONE, Fds.NONE, Reply.ACK, ProtocolFeatures.RESET_DEVICE),
    VRING_KICK(35, Payload.VRING_STATE, Fds.NONE, Reply.ACK, ProtocolFeatures.INBAND_NOTIFICATIONS),
    GET_MAX_MEM_SLOTS(36, Payload.NONE, Fds.NONE, Reply.VALUE, ProtocolFeatures.CONFIGURE_MEM_SLOTS),
    ADD_MEM_REG(37, Payload.MEM_REGION, Fds.ONE, Reply.ACK, ProtocolFeatures.CONFIGURE_MEM_SLOTS),
    REM_MEM_REG(38, Payload.MEM_REGION, Fds.AT_MOST_ONE, Reply.ACK, ProtocolFeatures.CONFIGURE_MEM_SLOTS),
    SET_STATUS(39, Payload.U64, Fds.NONE, Reply.ACK, ProtocolFeatures.STATUS),
    GET_STATUS(40, Payload.NONE, Fds.NONE, Reply.VALUE, ProtocolFeatures.STATUS),
    GET_SHARED_OBJECT(41, Payload.ANY, Fds.NONE, Reply.VALUE, ProtocolFeatures.SHARED_OBJECT),
    SET_DEVICE_STATE_FD(42, Payload.U64, Fds.ONE, Reply.VALUE, ProtocolFeatures.DEVICE_STATE),
    CHECK_DEVICE_STATE(43, Payload.NONE, Fds.NONE, Reply.VALUE, ProtocolFeatures.DEVICE_STATE),
    GET_SHMEM_CONFIG(44, Payload.NONE, Fds.NONE, Reply.VALUE, 0);

    /** The largest payload any row allows. A header that announces more is refused before any of it is read. */
    static final int MAX_PAYLOAD = 1024;

    private static final VhostRequest[] BY_ID = byId();

    private final int id;
    private final Payload payload;
    private final Fds fds;
    private final Reply reply;
    private final long protocolFeature;

    VhostRequest(final int id, final Payload payload, final Fds fds, final Reply reply, final long protocolFeature) {
        this.id = id;
        this.payload = payload;
        this.fds = fds;
        this.reply = reply;
        this.protocolFeature = protocolFeature;
    }

    /** What the answer is. */
    enum Reply {
        /** A message of its own, always. */
        VALUE,
        /** 0 for success or 1 for failure, if REPLY_ACK is negotiated and the sender asks for it. */
        ACK
    }

    private static VhostRequest[] byId() {
        final VhostRequest[] rows = new VhostRequest[values().length + 1];
        for (final VhostRequest row : values()) {
            rows[row.id] = row;
        }
        return rows;
    }

    /** The row of an id, which may be any 32 bits; null if there is none. */
    static VhostRequest of(final int id) {
        return id >= 0 && id < BY_ID.length ? BY_ID[id] : null;
    }

    /** The number in the header. */
    int id() {
        return id;
    }

    /** What the answer is. */
    Reply reply() {
        return reply;
    }

    /** The {@link ProtocolFeatures} bit that must be negotiated; 0 if none. */
    long protocolFeature() {
        return protocolFeature;
    }

    /**
     * Checks that a message of this request has the right size and the right descriptors. Says nothing about values.
     *
     * @throws ProtocolViolation naming the request and what is wrong with it.
     */
    void check(final Message message) throws ProtocolViolation {
        if (!payload.allows(message)) {
            throw new ProtocolViolation(ProtocolViolation.Reason.BAD_SIZE,
                this + ": a payload of " + message.size() + " bytes, not " + payload.expected());
        }
        if (!fds.allows(message)) {
            throw new ProtocolViolation(ProtocolViolation.Reason.BAD_FDS,
                this + ": " + message.fdCount() + " descriptors, not " + fds.expected());
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import io.millrace.linux.EventFd;
import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/** A front-end that breaks the rules of the socket: one connection, one offence, and the wait for its consequence. */
final class HostileFrontEnd {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int VERSION = 1;
    private static final int GET_FEATURES = 1;
    private static final int SET_MEM_TABLE = 5;
    private static final int SET_VRING_NUM = 8;
    private static final int UNKNOWN = 200;
    private static final int FLOOD = 64;

    private final Path socket;

    /** What is sent, and the reason under which the session's end has to be counted; empty if it only hangs up. */
    enum Offence {
        HUGE_SIZE("bad-size", message(SET_MEM_TABLE, 0xffffffff), 0),
        ALL_ONES("bad-header", ones(), 0),
        UNKNOWN_REQUEST("unknown-request", message(UNKNOWN, 0), 0),
        DESCRIPTOR_FLOOD("bad-fds", message(GET_FEATURES, 0), FLOOD),
        RING_BEYOND_16_BITS("bad-index", message(SET_VRING_NUM, 8, 0x10000, 256), 0),
        ODD_RING_SIZE("bad-value", message(SET_VRING_NUM, 8, 0, 3), 0),
        HALF_A_MESSAGE("", Arrays.copyOf(message(SET_VRING_NUM, 8, 0, 256), 15), 0),
        SILENCE_IN_A_MESSAGE("stalled", Arrays.copyOf(message(SET_VRING_NUM, 8, 0, 256), 15), 0);

        private final String reason;
        private final byte[] bytes;
        private final int descriptors;

        Offence(final String reason, final byte[] bytes, final int descriptors) {
            this.reason = reason;
            this.bytes = bytes;
            this.descriptors = descriptors;
        }

        /** The name of the counter. */
        String reason() {
            return reason;
        }
    }

    HostileFrontEnd(final Path socket) {
        this.socket = socket;
    }

    /**
     * Commits {@code offence}; fails if the other side neither ends the session nor, with nothing counted, needs to.
     */
    void commit(final Offence offence) {
        try (UnixSocket connection = UnixSocket.connect(socket); EventFd descriptor = EventFd.create()) {
            final int[] descriptors = new int[offence.descriptors];
            Arrays.fill(descriptors, descriptor.fd().number());
            final ByteBuffer bytes = ByteBuffer.allocateDirect(offence.bytes.length).put(offence.bytes).flip();
            connection.send(bytes, descriptors.length == 0 ? null : descriptors);
            if (!offence.reason.isEmpty()) {
                awaitEnd(connection, offence);
            }
        }
    }

    private static void awaitEnd(final UnixSocket connection, final Offence offence) {
        final ByteBuffer answer = ByteBuffer.allocateDirect(1024);
        try (ReceivedFds descriptors = new ReceivedFds()) {
            Until.holds("the session ends after " + offence, LIMIT, Duration.ofMillis(1), () -> {
                answer.clear();
                final int received = connection.receive(answer, descriptors);
                descriptors.clear();
                return received < 0;
            });
        }
    }

    private static byte[] message(final int request, final int size, final int... payload) {
        final ByteBuffer message = ByteBuffer.allocate(12 + 4 * payload.length).order(ByteOrder.LITTLE_ENDIAN);
        message.putInt(request).putInt(VERSION).putInt(size);
        Arrays.stream(payload).forEach(message::putInt);
        return message.array();
    }

    private static byte[] ones() {
        final byte[] bytes = new byte[64];
        Arrays.fill(bytes, (byte)0xff);
        return bytes;
    }
}

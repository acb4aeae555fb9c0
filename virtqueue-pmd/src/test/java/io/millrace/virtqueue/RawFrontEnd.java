/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Counters;
import io.millrace.linux.Errno;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.linux.LinuxException;
import io.millrace.linux.Mapping;
import io.millrace.linux.SharedMemory;
import io.millrace.linux.UnixSocket;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * A front-end for tests that says exactly what it is told to, right or wrong. It has one megabyte of memory with room
 * for a few rings, and one eventfd that it uses wherever one is needed.
 */
final class RawFrontEnd implements AutoCloseable {
    static final long DEADLINE_NS = 10_000_000_000L;
    static final int MEMORY = 1 << 20;
    static final long GUEST = 0x10_0000L;
    static final long USER = 0x7f00_0000_0000L;
    static final int RING_SIZE = 256;
    static final long FEATURES = Features.VIRTIO_F_VERSION_1 | Features.VHOST_USER_F_PROTOCOL_FEATURES;
    static final long PROTOCOL_FEATURES = ProtocolFeatures.MQ | ProtocolFeatures.REPLY_ACK | ProtocolFeatures.STATUS
        | ProtocolFeatures.NET_MTU | ProtocolFeatures.CONFIGURE_MEM_SLOTS | ProtocolFeatures.RESET_DEVICE
        | ProtocolFeatures.BACKEND_REQ;

    private static final long RING_BYTES = 0x4000;
    private static final long AVAIL = 0x2000;
    private static final long USED = 0x3000;

    final Fd memory = SharedMemory.create("front-end", MEMORY, false);
    final EventFd event = EventFd.create();
    /** What {@link #negotiate} accepts. */
    long protocolFeatures = PROTOCOL_FEATURES;
    /** What the test's thread does while it waits for an answer. */
    Runnable meanwhile = () -> {
    };
    private final UnixSocket socket;
    private final MessageChannel channel;

    RawFrontEnd(final UnixSocket socket) {
        this.socket = socket;
        this.channel = new MessageChannel(socket);
    }

    static RawFrontEnd connect(final Path path) {
        final long start = System.nanoTime();
        while (true) {
            try {
                return new RawFrontEnd(UnixSocket.connect(path));
            } catch (final LinuxException e) {
                // Others wait to be accepted, and only so many may.
                if (e.errno() != Errno.EAGAIN || System.nanoTime() - start > DEADLINE_NS) {
                    throw e;
                }
                LockSupport.parkNanos(20_000);
            }
        }
    }

    /** What a device of one queue serves. */
    static RequestHandlers handlers() {
        return new RequestHandlers(
            new VhostDevice(DeviceOffer.DEFAULT, new RingSlot[0], Counters.inMemory().scope("iommu")));
    }

    static ByteBuffer payload(final int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    static ByteBuffer u64(final long value) {
        return payload(8).putLong(0, value);
    }

    static ByteBuffer state(final int ring, final int value) {
        return payload(8).putInt(0, ring).putInt(4, value);
    }

    /** The payload of SET_VRING_ADDR for the areas of one of the rings in this front-end's memory. */
    static ByteBuffer address(final int ring) {
        final long start = USER + ring * RING_BYTES;
        return payload(40).putInt(ring).putInt(0).putLong(start).putLong(start + USED).putLong(start + AVAIL)
            .putLong(0).flip();
    }

    static ByteBuffer table(final long... regions) {
        final ByteBuffer table = payload(8 + 8 * regions.length).putInt(0, regions.length / 4);
        for (int i = 0; i < regions.length; i++) {
            table.putLong(8 + 8 * i, regions[i]);
        }
        return table;
    }

    /** The payload of SET_MEM_TABLE for all of this front-end's memory. */
    static ByteBuffer table() {
        return table(GUEST, MEMORY, USER, 0);
    }

    /** The payload of ADD_MEM_REG and REM_MEM_REG. */
    static ByteBuffer region(final long guest, final long size, final long user, final long offset) {
        return payload(40).putLong(0).putLong(guest).putLong(size).putLong(user).putLong(offset).flip();
    }

    /** Sends bytes as they are. */
    void raw(final ByteBuffer bytes, final Fd... fds) {
        final ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
        final int[] numbers = new int[fds.length];
        for (int i = 0; i < fds.length; i++) {
            numbers[i] = fds[i].number();
        }
        final long start = System.nanoTime();
        int[] first = numbers.length == 0 ? null : numbers;
        while (direct.hasRemaining()) {
            final int sent = socket.send(direct, first);
            if (sent < 0) {
                return;
            }
            if (sent > 0) {
                first = null;
            }
            assertTrue(System.nanoTime() - start < DEADLINE_NS, "the back-end does not read");
        }
    }

    /** Sends a message without waiting for anything. */
    void send(final int request, final int flags, final ByteBuffer payload, final Fd... fds) {
        raw(message(request, flags, payload), fds);
    }

    static ByteBuffer message(final int request, final int flags, final ByteBuffer payload) {
        return payload(Message.HEADER_LENGTH + payload.remaining()).putInt(request).putInt(flags)
            .putInt(payload.remaining()).put(payload.duplicate()).flip();
    }

    void send(final VhostRequest request, final ByteBuffer payload, final Fd... fds) {
        send(request.id(), Message.VERSION, payload, fds);
    }

    /** Asks for a value. */
    long ask(final VhostRequest request, final ByteBuffer payload) {
        send(request, payload);
        return answer(request);
    }

    long ask(final VhostRequest request) {
        return ask(request, payload(0));
    }

    /** Tells something and returns the acknowledgement; REPLY_ACK must be negotiated. */
    long tell(final VhostRequest request, final ByteBuffer payload, final Fd... fds) {
        send(request.id(), Message.VERSION | Message.NEED_REPLY, payload, fds);
        return answer(request);
    }

    long answer(final VhostRequest request) {
        try (Message answer = receive()) {
            assertNotNull(answer, () -> request + " was answered by the end of the connection");
            assertEquals(request.id(), answer.request());
            assertTrue(answer.isReply());
            assertEquals(8, answer.size());
            return answer.u64(0);
        }
    }

    /** The next message; null if the connection has ended. */
    Message receive() {
        final long start = System.nanoTime();
        try {
            while (true) {
                final Message message = channel.receive();
                if (message != null || channel.isClosed()) {
                    return message;
                }
                assertTrue(System.nanoTime() - start < DEADLINE_NS, "no answer");
                meanwhile.run();
                LockSupport.parkNanos(20_000);
            }
        } catch (final ProtocolViolation e) {
            throw new AssertionError(e);
        }
    }

    /** Reads what is left and checks that the connection ends. */
    void awaitEnd() {
        for (Message message = receive(); message != null; message = receive()) {
            message.close();
        }
    }

    void negotiate() {
        negotiate(FEATURES);
    }

    void negotiate(final long features) {
        send(VhostRequest.SET_PROTOCOL_FEATURES, u64(protocolFeatures));
        assertEquals(0, tell(VhostRequest.SET_FEATURES, u64(features)));
    }

    void shareMemory() {
        assertEquals(0, tell(VhostRequest.SET_MEM_TABLE, table(), memory));
    }

    /** Everything a ring needs to start, and that it is enabled. */
    void startRing(final int ring) {
        assertEquals(0, tell(VhostRequest.SET_VRING_NUM, state(ring, RING_SIZE)));
        assertEquals(0, tell(VhostRequest.SET_VRING_BASE, state(ring, 0)));
        assertEquals(0, tell(VhostRequest.SET_VRING_ADDR, address(ring)));
        assertEquals(0, tell(VhostRequest.SET_VRING_CALL, u64(ring), event.fd()));
        assertEquals(0, tell(VhostRequest.SET_VRING_KICK, u64(ring), event.fd()));
        assertEquals(0, tell(VhostRequest.SET_VRING_ENABLE, state(ring, 1)));
    }

    /** The usual way up for a device of one queue. */
    void startAll() {
        negotiate();
        shareMemory();
        startRing(0);
        startRing(1);
    }

    /** The memory as the guest would see it. The caller closes it. */
    Mapping map() {
        return Mapping.map(memory, 0, MEMORY, "front-end's own");
    }

    /** Where the descriptors of a ring are in {@link #map()}. */
    static long descOffset(final int ring) {
        return ring * RING_BYTES;
    }

    /** Where the used ring of a ring is in {@link #map()}. */
    static long usedOffset(final int ring) {
        return ring * RING_BYTES + USED;
    }

    /** Where the avail ring of a ring is in {@link #map()}. */
    static long availOffset(final int ring) {
        return ring * RING_BYTES + AVAIL;
    }

    @Override
    public void close() {
        channel.close();
        memory.close();
        event.close();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.linux.LinuxException;
import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixSocket;
import io.millrace.virtqueue.ProtocolViolation.Reason;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts the bytes of a socket into messages and back, for either side of vhost-user. Never waits: a message may arrive
 * in any number of pieces, and replies that do not fit into the socket queue here.
 *
 * <p>Each message is received in two parts, header and payload, with calls that ask for no byte more. So descriptors
 * arrive with the very bytes they were sent with: those of the header belong to the message, others are refused.
 *
 * <p>Thread safety: one thread at a time, the control loop.
 */
final class MessageChannel implements AutoCloseable {
    /** The most bytes that wait for a peer that does not read. */
    static final int MAX_QUEUED = 64 * 1024;

    private static final int FLAGS_OFFSET = 4;
    private static final int SIZE_OFFSET = 8;
    private static final int KNOWN_FLAGS = Message.VERSION_MASK | Message.REPLY | Message.NEED_REPLY;
    private static final int[] NO_FDS = null;

    private final UnixSocket socket;
    private final ReceivedFds received = new ReceivedFds();
    private final ByteBuffer in = buffer(Message.HEADER_LENGTH + VhostRequest.MAX_PAYLOAD).limit(Message.HEADER_LENGTH);
    private final ByteBuffer out = buffer(Message.HEADER_LENGTH + VhostRequest.MAX_PAYLOAD).limit(0);
    private final ArrayDeque<Outgoing> queue = new ArrayDeque<>();
    private int queuedBytes;
    private boolean isClosed;

    /**
     * @param socket owned from now on.
     */
    MessageChannel(final UnixSocket socket) {
        this.socket = socket;
    }

    private static ByteBuffer buffer(final int capacity) {
        return ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The socket's descriptor, for watching it. Owned here. */
    Fd fd() {
        return socket.fd();
    }

    /** Whether the peer is gone, or this channel was closed. Nothing arrives or leaves any more. */
    boolean isClosed() {
        return isClosed;
    }

    /** Whether part of a message has arrived and the rest has not. */
    boolean hasPartial() {
        return in.position() > 0;
    }

    /** Whether something still waits to be sent. */
    boolean hasUnsent() {
        return out.hasRemaining() || !queue.isEmpty();
    }

    /**
     * Takes the next message.
     *
     * @return null if none is complete yet, or the channel {@link #isClosed()}. The caller owns and closes it.
     * @throws ProtocolViolation if what arrives is no message. The channel is good for nothing but closing then.
     */
    Message receive() throws ProtocolViolation {
        if (isClosed || in.position() < Message.HEADER_LENGTH && !receiveHeader()) {
            return null;
        }
        if (in.hasRemaining() && !receivePayload()) {
            return null;
        }
        final byte[] payload = new byte[in.limit() - Message.HEADER_LENGTH];
        in.position(Message.HEADER_LENGTH);
        in.get(payload);
        final Fd[] fds = new Fd[received.count()];
        for (int i = 0; i < fds.length; i++) {
            fds[i] = received.take(i);
        }
        received.clear();
        final Message message = new Message(in.getInt(0), in.getInt(FLAGS_OFFSET), ByteBuffer.wrap(payload), fds);
        in.position(0).limit(Message.HEADER_LENGTH);
        return message;
    }

    private boolean receiveHeader() throws ProtocolViolation {
        if (!receivePart()) {
            return false;
        }
        final int flags = in.getInt(FLAGS_OFFSET);
        if ((flags & Message.VERSION_MASK) != Message.VERSION || (flags & ~KNOWN_FLAGS) != 0) {
            throw new ProtocolViolation(Reason.BAD_HEADER,
                "flags 0x" + Integer.toHexString(flags) + " in the header: only version 1, reply and need-reply exist");
        }
        final int size = in.getInt(SIZE_OFFSET);
        if (Integer.compareUnsigned(size, VhostRequest.MAX_PAYLOAD) > 0) {
            throw new ProtocolViolation(Reason.BAD_SIZE,
                "a payload of " + Integer.toUnsignedString(size) + " bytes: no message is that long");
        }
        in.limit(Message.HEADER_LENGTH + size);
        return true;
    }

    private boolean receivePayload() throws ProtocolViolation {
        final int fdsOfHeader = received.count();
        final boolean isComplete = receivePart();
        if (received.count() != fdsOfHeader) {
            throw new ProtocolViolation(Reason.BAD_FDS, "descriptors that came with the payload, not with the header");
        }
        return isComplete;
    }

    /** Returns whether everything up to the limit is there. */
    private boolean receivePart() throws ProtocolViolation {
        int bytes = 1;
        while (bytes > 0 && in.hasRemaining()) {
            bytes = socket.receive(in, received);
            if (received.isTruncated()) {
                // Judged before the bytes are: however good the message, its descriptors are not complete.
                throw new ProtocolViolation(Reason.LOST_FDS,
                    "more descriptors than one message can carry, or than this process may open");
            }
        }
        isClosed = bytes < 0;
        return !in.hasRemaining();
    }

    /**
     * Sends a message, now or when the peer has read what waits before it.
     *
     * @param payload read from its position to its limit, and free again afterwards.
     * @param fds     the peer gets duplicates; these stay the caller's, who may close them afterwards.
     * @throws ProtocolViolation if the peer has not read the last {@link #MAX_QUEUED} bytes.
     * @throws LinuxException    if this process may open no more descriptors.
     */
    void send(final int request, final int flags, final ByteBuffer payload, final Fd... fds) throws ProtocolViolation {
        final int size = payload.remaining();
        if (size > VhostRequest.MAX_PAYLOAD) {
            throw new IllegalArgumentException("a payload of " + size + " bytes");
        }
        if (isClosed) {
            return;
        }
        final byte[] bytes = new byte[Message.HEADER_LENGTH + size];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
            .putInt(request).putInt(flags | Message.VERSION).putInt(size).put(payload);
        if (queuedBytes + bytes.length > MAX_QUEUED) {
            throw new ProtocolViolation(Reason.REPLIES_UNREAD,
                "it does not read: " + queuedBytes + " bytes wait for it");
        }
        final Outgoing outgoing = new Outgoing(bytes, fds);
        queuedBytes += bytes.length;
        queue.add(outgoing);
        flush();
    }

    /**
     * Sends what waits.
     *
     * @return whether nothing waits any more; if not, call it again when the socket is writable.
     */
    boolean flush() {
        while (!isClosed && hasUnsent()) {
            if (!out.hasRemaining()) {
                out.clear().put(queue.peek().bytes).flip();
            }
            final int sent = socket.send(out, out.position() == 0 ? queue.peek().numbers() : NO_FDS);
            if (sent == 0) {
                return false;
            }
            isClosed = sent < 0;
            if (!out.hasRemaining()) {
                final Outgoing done = queue.remove();
                queuedBytes -= done.bytes.length;
                done.close();
            }
        }
        return true;
    }

    /** Closes the socket and every descriptor that arrived and was not handed out, or waited to be sent. Idempotent. */
    @Override
    public void close() {
        isClosed = true;
        received.close();
        queue.forEach(Outgoing::close);
        queue.clear();
        socket.close();
    }

    /** A message that waits to be sent. */
    private static final class Outgoing {
        private final byte[] bytes;
        private final List<Fd> duplicates = new ArrayList<>();

        Outgoing(final byte[] bytes, final Fd[] fds) {
            this.bytes = bytes;
            try {
                for (final Fd fd : fds) {
                    // Duplicates, because a number may mean another file by the time it leaves.
                    duplicates.add(fd.duplicate());
                }
            } catch (final LinuxException e) {
                close();
                throw e;
            }
        }

        int[] numbers() {
            return duplicates.isEmpty() ? NO_FDS : duplicates.stream().mapToInt(Fd::number).toArray();
        }

        void close() {
            duplicates.forEach(Fd::close);
        }
    }
}

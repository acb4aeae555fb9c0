/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import io.millrace.linux.Epoll;
import io.millrace.linux.Fd;
import io.millrace.linux.LinuxException;
import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixSocket;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * One connection with a back-end, as the front-end has it: says something, and waits for the answer, but never longer
 * than its patience.
 */
final class Transcript implements AutoCloseable {
    private static final int MAX_ANSWER = 4096;
    private static final long PAUSE_NS = 200_000;

    private final UnixSocket socket;
    private final long patienceNs;
    private final Epoll epoll = Epoll.create();
    private final ByteBuffer in = ByteBuffer.allocateDirect(MAX_ANSWER).order(ByteOrder.LITTLE_ENDIAN);
    private boolean acknowledges;

    /** What a back-end made of a request. */
    enum Reaction {
        ACCEPTED, REFUSED, HUNG_UP
    }

    private Transcript(final UnixSocket socket, final Duration patience) {
        this.socket = socket;
        this.patienceNs = patience.toNanos();
        epoll.add(socket.fd(), Epoll.IN, 0);
    }

    /** Connects; a back-end that is still busy with the connection before gets some time. */
    static Transcript open(final Path path, final Duration patience) {
        final long start = System.nanoTime();
        while (true) {
            try {
                return new Transcript(UnixSocket.connect(path), patience);
            } catch (final LinuxException e) {
                if (System.nanoTime() - start > patience.toNanos()) {
                    throw Unmet.because("nobody takes the connection: " + e.getMessage());
                }
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    /** From now on {@link #tell} has requests acknowledged: REPLY_ACK is negotiated. */
    void requireAcks() {
        acknowledges = true;
    }

    /** Sends bytes as they are. */
    void raw(final ByteBuffer bytes, final Fd... fds) {
        final ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining()).put(bytes.duplicate()).flip();
        int[] numbers = new int[fds.length];
        for (int i = 0; i < fds.length; i++) {
            numbers[i] = fds[i].number();
        }
        final long start = System.nanoTime();
        while (direct.hasRemaining()) {
            final int sent = socket.send(direct, numbers.length == 0 ? null : numbers);
            if (sent < 0) {
                return;
            }
            numbers = sent > 0 ? new int[0] : numbers;
            Unmet.unless(System.nanoTime() - start < patienceNs, "it does not read what it is sent");
        }
    }

    /** Sends a request, and waits for nothing. */
    void send(final int request, final ByteBuffer payload, final Fd... fds) {
        raw(Wire.message(request, 0, payload), fds);
    }

    /** Asks for a number. */
    long ask(final int request, final ByteBuffer payload, final Fd... fds) {
        send(request, payload, fds);
        return hear(request);
    }

    /** Waits for the number that answers what was sent. */
    long hear(final int request) {
        final Long answer = answer(request);
        Unmet.unless(answer != null, "it hangs up when it is asked request " + request);
        return answer;
    }

    /** Sends a request that is answered by a message with a number or with none: back-ends differ. */
    void announce(final int request, final ByteBuffer payload, final Fd... fds) {
        send(request, payload, fds);
        Unmet.unless(header(request), "it hangs up when it is told request " + request);
        in.limit(Wire.HEADER_LENGTH + Math.min(in.getInt(8), Long.BYTES));
        fill(request);
    }

    long ask(final int request) {
        return ask(request, Wire.payload(0));
    }

    /** Sends a request that has to be accepted. */
    void tell(final int request, final ByteBuffer payload, final Fd... fds) {
        final Reaction reaction = attempt(request, payload, fds);
        Unmet.unless(reaction == Reaction.ACCEPTED,
            "request " + request + (reaction == Reaction.REFUSED ? " is refused" : " ends the connection"));
    }

    /** Sends a request; without REPLY_ACK a back-end can refuse it only by hanging up. */
    Reaction attempt(final int request, final ByteBuffer payload, final Fd... fds) {
        final Long answer;
        if (acknowledges) {
            raw(Wire.message(request, Wire.NEED_REPLY, payload), fds);
            answer = answer(request);
        } else {
            send(request, payload, fds);
            // Messages are answered in order: once this is, that was dealt with.
            send(Wire.GET_FEATURES, Wire.payload(0));
            answer = answer(Wire.GET_FEATURES) == null ? null : Long.valueOf(0);
        }
        return answer == null ? Reaction.HUNG_UP : answer == 0 ? Reaction.ACCEPTED : Reaction.REFUSED;
    }

    /** The number that answers a request; null if the back-end hangs up. */
    private Long answer(final int request) {
        if (!header(request)) {
            return null;
        }
        final int size = in.getInt(8);
        Unmet.unless(size == Long.BYTES, "request " + request + " is answered with " + size + " bytes, not 8");
        in.limit(Wire.HEADER_LENGTH + size);
        return fill(request) ? Long.valueOf(in.getLong(Wire.HEADER_LENGTH)) : null;
    }

    private boolean header(final int request) {
        in.clear().limit(Wire.HEADER_LENGTH);
        if (!fill(request)) {
            return false;
        }
        final int flags = in.getInt(4);
        Unmet.unless(in.getInt(0) == request && (flags & Wire.REPLY) != 0 && (flags & 3) == Wire.VERSION,
            "request " + request + " is answered by message " + in.getInt(0) + " with flags " + flags);
        Unmet.unless(in.getInt(8) >= 0, "request " + request + " is answered with an impossible size");
        return true;
    }

    private boolean fill(final int request) {
        final long start = System.nanoTime();
        try (ReceivedFds fds = new ReceivedFds()) {
            while (in.hasRemaining()) {
                final int received = socket.receive(in, fds);
                if (received < 0) {
                    return false;
                }
                if (received == 0) {
                    final long leftNs = patienceNs - (System.nanoTime() - start);
                    Unmet.unless(leftNs > 0, "request " + request + " is not answered within "
                        + TimeUnit.NANOSECONDS.toMillis(patienceNs) + " ms");
                    epoll.awaitNs(leftNs);
                }
            }
        }
        return true;
    }

    @Override
    public void close() {
        epoll.close();
        socket.close();
    }
}

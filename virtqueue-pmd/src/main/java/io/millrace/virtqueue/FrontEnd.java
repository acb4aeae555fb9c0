/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ControlLoop;
import io.millrace.linux.Epoll;
import io.millrace.linux.Fd;
import io.millrace.linux.LinuxException;
import io.millrace.virtqueue.ProtocolViolation.Reason;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.function.LongConsumer;

/**
 * One connection of the driver side to a back-end: asks, one question after the other, and hears the answers. What is
 * asked in which order is up to {@link Handshake}.
 *
 * <p>Never waits: a question goes out when the one before is answered, and each answer has five seconds to come. An
 * answer to something else, of another size, or with descriptors ends the connection, as does a message nobody asked
 * for: no channel for requests of the back-end is ever offered.
 *
 * <p>Thread safety: control loop only.
 */
final class FrontEnd implements AutoCloseable {
    static final Duration DEADLINE = Duration.ofSeconds(5);

    private static final int U64_LENGTH = 8;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final ControlLoop control;
    private final MessageChannel channel;
    private final BackEnd.Owner owner;
    private final Duration deadline;
    private final ControlLoop.Watch watch;
    private final ArrayDeque<Question> questions = new ArrayDeque<>();
    private Question asked;
    private ControlLoop.Timer timer;
    private boolean acks;
    private boolean isClosed;

    /**
     * Takes over a connection.
     *
     * @param channel  owned from now on.
     * @param deadline of each answer.
     * @param owner    hears how the connection ends.
     */
    FrontEnd(final ControlLoop control, final MessageChannel channel, final Duration deadline,
             final BackEnd.Owner owner) {
        this.control = control;
        this.channel = channel;
        this.owner = owner;
        this.deadline = deadline;
        this.watch = control.watch(channel.fd(), Epoll.IN, this::onReady);
    }

    /** From now on every request that can be acknowledged has to be: REPLY_ACK is negotiated. */
    void requireAcks() {
        acks = true;
    }

    /** Asks for a number. {@code then} hears it. */
    void ask(final VhostRequest request, final LongConsumer then) {
        submit(new Question(request, NOTHING, then, true));
    }

    /** Stops a ring. {@code then} runs when the back-end does not touch it any more. */
    void stop(final int ring, final Runnable then) {
        submit(new Question(VhostRequest.GET_VRING_BASE, state(ring, 0), base -> then.run(), true));
    }

    /** Sends a request with a number. */
    void tell(final VhostRequest request, final long value, final Fd... fds) {
        submit(new Question(request, payload(U64_LENGTH).putLong(0, value), null, false, fds));
    }

    /** Sends a request without payload. */
    void tell(final VhostRequest request) {
        submit(new Question(request, NOTHING, null, false));
    }

    /** Sends a request about one ring. */
    void tellRing(final VhostRequest request, final int ring, final int number) {
        submit(new Question(request, state(ring, number), null, false));
    }

    /** Sends any other request. */
    void tell(final VhostRequest request, final ByteBuffer payload, final Fd... fds) {
        submit(new Question(request, payload, null, false, fds));
    }

    /** An empty payload of that length, for little-endian numbers. */
    static ByteBuffer payload(final int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer state(final int ring, final int number) {
        return payload(U64_LENGTH).putInt(0, ring).putInt(4, number);
    }

    private void submit(final Question question) {
        if (!isClosed) {
            questions.add(question);
            sendNext();
        }
    }

    private void sendNext() {
        try {
            while (asked == null && !isClosed && !questions.isEmpty()) {
                send(questions.remove());
            }
            watch();
        } catch (final ProtocolViolation e) {
            end(SessionEnd.of(e));
        } catch (final LinuxException e) {
            end(SessionEnd.ofResources(e));
        }
    }

    private void send(final Question question) throws ProtocolViolation {
        final boolean wantsAck = acks && !question.isAnswered;
        if (question.isAnswered || wantsAck) {
            asked = question;
            timer = control.after(deadline, () -> end(SessionEnd.of(new ProtocolViolation(Reason.NO_REPLY,
                "no answer to " + question.request + " within " + deadline.toMillis() + " ms"))));
        }
        channel.send(question.request.id(), wantsAck ? Message.NEED_REPLY : 0, question.payload, question.fds);
        if (channel.isClosed()) {
            end(SessionEnd.PEER_CLOSED);
        }
    }

    private void watch() {
        if (!isClosed) {
            watch.events(channel.hasUnsent() ? Epoll.IN | Epoll.OUT : Epoll.IN);
        }
    }

    private void onReady(final int events) {
        try {
            if ((events & Epoll.OUT) != 0) {
                channel.flush();
                watch();
            }
            for (Message message = channel.receive(); message != null && !isClosed; message = channel.receive()) {
                try (Message answer = message) {
                    onAnswer(answer);
                }
            }
        } catch (final ProtocolViolation e) {
            end(SessionEnd.of(e));
        } catch (final LinuxException e) {
            end(SessionEnd.ofResources(e));
        } catch (final RuntimeException e) {
            // The session cannot go on from the middle of a step. The next one starts afresh.
            end(SessionEnd.ofBug(e));
        }
        if (!isClosed && channel.isClosed()) {
            end(SessionEnd.PEER_CLOSED);
        }
    }

    private void onAnswer(final Message answer) throws ProtocolViolation {
        final Question question = asked;
        if (question == null || !answer.isReply() || answer.request() != question.request.id()
            || answer.size() != U64_LENGTH || answer.fdCount() != 0) {
            throw new ProtocolViolation(Reason.BAD_REPLY, answer + " is no answer to "
                + (question == null ? "anything" : question.request.toString()));
        }
        final long value = answer.u64(0);
        asked = null;
        timer.cancel();
        if (!question.isAnswered && value != 0) {
            throw new ProtocolViolation(Reason.BAD_REPLY, "the back-end refuses " + question.request);
        }
        if (question.then != null) {
            question.then.accept(value);
        }
        sendNext();
    }

    /** Ends the connection, and tells the owner why. */
    void end(final SessionEnd why) {
        if (!isClosed) {
            close();
            owner.onEnd(why);
        }
    }

    /** Ends the connection without telling the owner. Idempotent. */
    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            if (timer != null) {
                timer.cancel();
            }
            questions.clear();
            watch.close();
            channel.close();
        }
    }

    /** A request that waits for its turn or for its answer. */
    private static final class Question {
        private final VhostRequest request;
        private final ByteBuffer payload;
        private final LongConsumer then;
        private final boolean isAnswered;
        private final Fd[] fds;

        Question(final VhostRequest request, final ByteBuffer payload, final LongConsumer then,
                 final boolean isAnswered, final Fd... fds) {
            this.request = request;
            this.payload = payload;
            this.then = then;
            this.isAnswered = isAnswered;
            this.fds = fds;
        }
    }
}

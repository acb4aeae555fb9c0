/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.ControlLoop;
import io.millrace.linux.Epoll;
import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * One connection with a client.
 *
 * <pre>
 *   reading ---- a line is complete ---&gt; waiting for its answer ----&gt; sending ---- all sent ---&gt; reading
 *      |             (nothing is read from here on: a client that asks more makes itself wait)
 *      +-- more than a request, too slow, gone ---&gt; ended &lt;-- does not read, gone
 * </pre>
 *
 * <p>So what a client can make this process keep is one request, what the socket brought behind it, and one answer.
 *
 * <p>Thread safety: control loop only.
 */
final class Session {
    /** How long a request may take to arrive, and a client to read some more of its answer. */
    static final Duration PATIENCE = Duration.ofSeconds(10);
    /** More requests in a second have to wait for the next one. */
    static final int MAX_PER_SECOND = 200;

    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
    private static final int NOTHING = 0;
    private static final int FIRST_CAPACITY = 1024;

    private final ControlLoop loop;
    private final UnixSocket socket;
    private final ByteBuffer transfer;
    private final Owner owner;
    private final Belongings belongings = new Belongings();
    private final ControlLoop.Watch watch;
    private ControlLoop.Timer deadline;
    private ControlLoop.Timer pause;
    private byte[] in = new byte[FIRST_CAPACITY];
    private int inLength;
    // No line break lies before it.
    private int searched;
    private ByteBuffer out;
    private boolean isAnswering;
    private boolean isLast;
    private boolean hasPeerFinished;
    private boolean isEnded;
    private long secondNs = System.nanoTime();
    private int inThisSecond;

    /** Who hears about a session, on the loop. */
    interface Owner {
        /**
         * A request has come; {@link Session#answer} is to be called with its answer, later or at once.
         *
         * @param line without its line break.
         */
        void onRequest(Session session, byte[] line);

        /** The socket is closed. */
        void onEnded(Session session);
    }

    /**
     * Starts to serve a client.
     *
     * @param socket   owned from now on.
     * @param transfer a direct buffer that all sessions of the loop share: bytes pass through it.
     */
    Session(final ControlLoop loop, final UnixSocket socket, final ByteBuffer transfer, final Owner owner) {
        this.loop = loop;
        this.socket = socket;
        this.transfer = transfer;
        this.owner = owner;
        watch = loop.watch(socket.fd(), Epoll.IN, this::onReady);
    }

    /** What ends with this client. */
    Belongings belongings() {
        return belongings;
    }

    private void onReady(final int events) {
        try {
            if ((events & (Epoll.HUP | Epoll.ERR)) != 0) {
                // Nobody is left to read an answer; and this is reported for as long as the socket is watched.
                end();
            } else if ((events & Epoll.OUT) != 0) {
                send();
            } else if ((events & Epoll.IN) != 0) {
                receive();
            }
        } catch (final RuntimeException e) {
            LOG.warn("a control session ended: {}", e.getMessage());
            end();
        }
    }

    private void receive() {
        transfer.clear();
        final int bytes;
        try (ReceivedFds fds = new ReceivedFds()) {
            bytes = socket.receive(transfer, fds);
            if (fds.count() > 0) {
                refuse("no request takes descriptors");
                return;
            }
        }
        if (bytes < 0) {
            hasPeerFinished = true;
        } else if (bytes > 0) {
            transfer.flip();
            if (inLength + bytes > in.length) {
                in = Arrays.copyOf(in, Math.max(2 * in.length, inLength + bytes));
            }
            transfer.get(in, inLength, bytes);
            inLength += bytes;
        }
        next();
    }

    /** Goes on with what has arrived. */
    private void next() {
        if (isAnswering || isEnded) {
            return;
        }
        while (searched < inLength && in[searched] != '\n') {
            searched++;
        }
        if (searched > Protocol.MAX_REQUEST) {
            refuse("a request has at most " + Protocol.MAX_REQUEST + " bytes");
        } else if (searched == inLength) {
            awaitMore();
        } else if (mayAsk()) {
            final byte[] line = Arrays.copyOf(in, searched);
            final int rest = inLength - searched - 1;
            // A client that once asked for much does not keep the memory for it.
            in = Arrays.copyOfRange(in, searched + 1, searched + 1 + Math.max(FIRST_CAPACITY, rest));
            inLength = rest;
            searched = 0;
            isAnswering = true;
            quiet();
            owner.onRequest(this, line);
        }
    }

    private void awaitMore() {
        if (hasPeerFinished) {
            end();
            return;
        }
        watch.events(Epoll.IN);
        if (inLength == 0) {
            cancelDeadline();
        } else if (deadline == null) {
            deadline = loop.after(PATIENCE, () -> refuse("the rest of the request did not come within "
                + PATIENCE.toSeconds() + " seconds"));
        }
    }

    private boolean mayAsk() {
        final long nowNs = System.nanoTime();
        if (nowNs - secondNs >= SECOND_NS) {
            secondNs = nowNs;
            inThisSecond = 0;
        }
        if (inThisSecond++ < MAX_PER_SECOND) {
            return true;
        }
        quiet();
        pause = loop.after(Duration.ofNanos(secondNs + SECOND_NS - nowNs), this::next);
        return false;
    }

    // Only its end is reported then.
    private void quiet() {
        cancelDeadline();
        watch.events(NOTHING);
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel();
            deadline = null;
        }
    }

    private void refuse(final String sentence) {
        isAnswering = true;
        isLast = true;
        quiet();
        answer(Protocol.error(null, sentence));
    }

    /** Sends the answer to the request. Does nothing if the client is gone. */
    void answer(final byte[] line) {
        if (!isEnded) {
            out = ByteBuffer.wrap(line);
            send();
        }
    }

    private void send() {
        cancelDeadline();
        while (out.hasRemaining()) {
            transfer.clear();
            final int from = out.position();
            transfer.put(out.slice().limit(Math.min(out.remaining(), transfer.capacity()))).flip();
            final int sent = socket.send(transfer, null);
            if (sent < 0) {
                end();
                return;
            }
            if (sent == 0) {
                watch.events(Epoll.OUT);
                deadline = loop.after(PATIENCE, () -> {
                    LOG.warn("a control session ended: its client does not read");
                    end();
                });
                return;
            }
            out.position(from + sent);
        }
        out = null;
        isAnswering = false;
        if (isLast) {
            end();
        } else {
            next();
        }
    }

    /** Closes the connection. Idempotent. */
    void end() {
        if (!isEnded) {
            isEnded = true;
            cancelDeadline();
            if (pause != null) {
                pause.cancel();
            }
            watch.close();
            socket.close();
            owner.onEnded(this);
        }
    }
}

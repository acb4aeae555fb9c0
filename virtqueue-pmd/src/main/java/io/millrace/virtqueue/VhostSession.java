/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ControlLoop;
import io.millrace.linux.Epoll;
import io.millrace.linux.LinuxException;
import io.millrace.linux.UnixSocket;
import io.millrace.virtqueue.ProtocolViolation.Reason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * One connection with a front-end, from accept to the moment when nothing of it is left.
 *
 * <pre>
 *                        message complete              needs rings back
 *   watching the socket ------------------&gt; handling -------------------&gt; waiting, asking every millisecond
 *     ^        |                               |  ^                             |              |
 *     +--------|------- done, answered --------+  +------- workers let go ------+              | a second has passed
 *              | peer gone, violation                                                          v
 *              +----------------------------&gt; ending: socket closed, rings asked back &lt;--- memory overmapped
 *                                                |
 *                                                v  workers let go
 *                                              ended: descriptors closed, memory unmapped, the port is told
 * </pre>
 *
 * <p>The loop never waits for a worker, nor for the peer: while a request waits, the session reads no further message,
 * and everything else on the loop goes on.
 *
 * <p>Thread safety: control loop only.
 */
final class VhostSession {
    /** How long a message may take to arrive, from its first byte to its last. */
    static final Duration MESSAGE_DEADLINE = Duration.ofSeconds(5);
    /** How long workers have to give rings back. */
    static final Duration WORKER_DEADLINE = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(VhostSession.class);
    private static final Duration ASK_AGAIN = Duration.ofMillis(1);
    private static final Duration ASK_AGAIN_LATER = Duration.ofMillis(20);
    /** A worker that is not asleep polls again within so long, and a front-end may have its guest wait. */
    private static final long SOON_NS = 20_000;
    /** After that many messages other sessions get their turn. */
    private static final int MESSAGES_AT_ONCE = 64;

    private final ControlLoop loop;
    private final MessageChannel channel;
    private final VhostDevice device;
    private final RequestHandlers handlers;
    private final Owner owner;
    private final Duration messageDeadline;
    private final ByteBuffer answer = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private ControlLoop.Watch watch;
    private ControlLoop.Timer deadline;
    private Message current;
    private Outcome waiting;
    private long waitingSinceNs;
    private SessionEnd end;
    private boolean isOvermapped;
    private boolean hasMore;

    /** Who hears about a session. Called on the control loop. */
    interface Owner {
        /** Rings may have started, stopped, or been enabled or disabled. */
        void onRings();

        /** It is over for the peer: the socket is closed. Workers may still hold rings. */
        void onEnding(SessionEnd why);

        /** It is over altogether: the slots are vacant and everything the peer handed over is closed. */
        void onEnded();
    }

    /**
     * Starts to serve a front-end.
     *
     * @param socket owned from now on.
     * @param device owned from now on; on vacant slots.
     */
    VhostSession(final ControlLoop loop, final UnixSocket socket, final VhostDevice device, final Owner owner) {
        this(loop, socket, device, owner, MESSAGE_DEADLINE);
    }

    VhostSession(final ControlLoop loop, final UnixSocket socket, final VhostDevice device, final Owner owner,
        final Duration messageDeadline) {
        this.loop = loop;
        this.channel = new MessageChannel(socket);
        this.device = device;
        this.handlers = new RequestHandlers(device);
        this.owner = owner;
        this.messageDeadline = messageDeadline;
        watch = loop.watch(channel.fd(), Epoll.IN, this::onReady);
    }

    /** What the front-end has said. */
    VhostDevice device() {
        return device;
    }

    /** Whether it is over for the peer. */
    boolean isEnding() {
        return end != null;
    }

    /**
     * Handles what has arrived, without being told that something has.
     *
     * @return whether that was all. If not, the owner hears {@link Owner#onRings} or more when it goes on.
     */
    boolean poll() {
        if (end == null && waiting == null) {
            guarded(this::receive);
        }
        return end == null && waiting == null && !hasMore;
    }

    /** Ends the session. The owner hears of it at once, and again when nothing is left. Later calls do nothing. */
    void end(final SessionEnd why) {
        if (end != null) {
            return;
        }
        end = why;
        cancelDeadline();
        closeWatch();
        channel.close();
        if (current != null) {
            current.close();
        }
        owner.onEnding(why);
        waitingSinceNs = System.nanoTime();
        letGo();
    }

    /**
     * A worker gave up on a ring because of what the guest did.
     *
     * @return whether the ring is dead now; false if it has been restarted since, or the ring was not to blame.
     */
    boolean onBroken(final int index, final RejectReason reason) {
        final Vring ring = device.ring(index);
        if (end != null || !ring.isRunning() || ring.slot.isRunning() || !ring.slot.recall()) {
            return false;
        }
        ring.stopped();
        if (reason == RejectReason.MEMORY_FAULT && !device.memory.isBacked()) {
            end(SessionEnd.of(new ProtocolViolation(Reason.MEMORY_GONE, "guest memory was truncated")));
            return true;
        }
        // JDK 17 can report the fault of one ring while the worker is at another. Sealed memory never faults.
        final boolean isDead = reason != RejectReason.MEMORY_FAULT || !device.memory.memory().isSealed();
        if (isDead) {
            ring.broken();
        } else if (waiting == null) {
            guarded(device::startReady);
        }
        owner.onRings();
        return isDead;
    }

    /** A worker needs addresses that the front-end's IOMMU translates. */
    void onMisses(final int index) {
        if (end == null) {
            guarded(() -> device.iommu.ask(device.ring(index)));
        } else {
            device.ring(index).slot.misses().forget();
        }
    }

    private void onReady(final int events) {
        guarded(() -> {
            channel.flush();
            receive();
        });
    }

    private void receive() throws ProtocolViolation {
        hasMore = true;
        for (int i = 0; i < MESSAGES_AT_ONCE && end == null && waiting == null; i++) {
            final Message message = channel.receive();
            if (message == null) {
                hasMore = false;
                break;
            }
            cancelDeadline();
            current = message;
            handle(message);
        }
        if (end == null && waiting == null) {
            if (channel.isClosed()) {
                end(SessionEnd.PEER_CLOSED);
                return;
            }
            if (channel.hasPartial() && deadline == null) {
                deadline = loop.after(messageDeadline, this::onDeadline);
            }
            watch.events(channel.hasUnsent() ? Epoll.IN | Epoll.OUT : Epoll.IN);
        }
    }

    private void onDeadline() {
        deadline = null;
        end(SessionEnd.of(new ProtocolViolation(Reason.STALLED,
            "part of a message arrived, and the rest did not within " + messageDeadline.toMillis() + " ms")));
    }

    private void handle(final Message message) throws ProtocolViolation {
        final VhostRequest request = VhostRequest.of(message.request());
        final RequestHandlers.Handler handler = request == null ? null : handlers.of(request);
        if (message.isReply()) {
            throw new ProtocolViolation(Reason.BAD_HEADER, "a reply, to a question nobody asked");
        }
        if (request == null) {
            throw new ProtocolViolation(Reason.UNKNOWN_REQUEST,
                "request " + Integer.toUnsignedString(message.request()) + ", which does not exist");
        }
        if (handler == null) {
            throw new ProtocolViolation(Reason.NOT_OFFERED, request + ", which is not served here");
        }
        if (!device.hasProtocolFeature(request.protocolFeature())) {
            throw new ProtocolViolation(Reason.NOT_NEGOTIATED, request + ", without having accepted its feature");
        }
        request.check(message);
        proceed(handler.handle(message));
    }

    /** Finishes the current message, now or when the wait is over. */
    private void proceed(final Outcome first) throws ProtocolViolation {
        Outcome outcome = first;
        while (outcome.isWaiting()) {
            if (!isQuietSoon(outcome)) {
                suspend(outcome);
                return;
            }
            outcome = outcome.proceed();
        }
        device.startReady();
        // Before the answer: a front-end that has it may rely on what it asked for.
        owner.onRings();
        // As it may rely on that descriptors which nobody took are closed.
        current.close();
        acknowledge(outcome);
        current = null;
    }

    private static boolean isQuietSoon(final Outcome outcome) {
        final long start = System.nanoTime();
        while (!outcome.isQuiet()) {
            if (System.nanoTime() - start > SOON_NS) {
                return false;
            }
            Thread.onSpinWait();
        }
        return true;
    }

    private void acknowledge(final Outcome outcome) throws ProtocolViolation {
        final VhostRequest request = VhostRequest.of(current.request());
        final boolean isWanted = current.needsReply() && device.hasProtocolFeature(ProtocolFeatures.REPLY_ACK);
        if (request.reply() == VhostRequest.Reply.VALUE || isWanted) {
            send(outcome.value());
        }
    }

    private void send(final long value) throws ProtocolViolation {
        channel.send(current.request(), Message.REPLY, answer.clear().putLong(0, value));
    }

    private void suspend(final Outcome outcome) {
        waiting = outcome;
        waitingSinceNs = System.nanoTime();
        // Not watched for nothing: a peer that has hung up would be reported over and over.
        closeWatch();
        loop.after(ASK_AGAIN, this::askAgain);
    }

    private void askAgain() {
        if (end != null) {
            return;
        }
        final Outcome outcome = waiting;
        if (outcome.isQuiet()) {
            waiting = null;
            watch = loop.watch(channel.fd(), Epoll.IN, this::onReady);
            guarded(() -> {
                proceed(outcome.proceed());
                receive();
            });
        } else if (isLate()) {
            end(SessionEnd.WORKER_LATE);
        } else {
            loop.after(ASK_AGAIN, this::askAgain);
        }
    }

    private boolean isLate() {
        return System.nanoTime() - waitingSinceNs > WORKER_DEADLINE.toNanos();
    }

    /** Ends the session for whatever goes wrong in {@code step}. */
    private void guarded(final Outcome.Action step) {
        try {
            step.run();
        } catch (final ProtocolViolation e) {
            refuse();
            end(SessionEnd.of(e));
        } catch (final LinuxException e) {
            refuse();
            end(SessionEnd.ofResources(e));
        } catch (final RuntimeException e) {
            LOG.error("a vhost-user session ends by a mistake of ours", e);
            end(SessionEnd.ofBug(e));
        }
    }

    /** Says so to a front-end that waits for an answer. */
    private void refuse() {
        if (end != null || current == null || !current.needsReply() || current.isReply()) {
            return;
        }
        final VhostRequest request = VhostRequest.of(current.request());
        if (request != null && request.reply() == VhostRequest.Reply.VALUE
            || !device.hasProtocolFeature(ProtocolFeatures.REPLY_ACK)) {
            return;
        }
        try {
            send(Outcome.REFUSED.value());
        } catch (final ProtocolViolation | LinuxException e) {
            // It does not read. The end of the connection will tell it.
        }
    }

    /** Asks for the rings until all are there, then gives up what the peer handed over. */
    private void letGo() {
        if (!device.recallAll()) {
            if (!isOvermapped && (end == SessionEnd.WORKER_LATE || isLate())) {
                isOvermapped = true;
                overmap();
            }
            loop.after(isOvermapped ? ASK_AGAIN_LATER : ASK_AGAIN, this::letGo);
            return;
        }
        if (waiting != null) {
            waiting.abandon();
            waiting = null;
        }
        device.close();
        owner.onEnded();
    }

    private void overmap() {
        try {
            device.memory.overmap();
        } catch (final LinuxException e) {
            LOG.error("a stuck worker still uses guest memory", e);
        }
    }

    private void closeWatch() {
        if (watch != null) {
            watch.close();
            watch = null;
        }
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel();
            deadline = null;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixSocket;
import io.millrace.virtqueue.ProtocolViolation.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Framing over a real pair of sockets. */
class MessageChannelTest {
    private final int openBefore = OpenFiles.count();
    private UnixSocket peer;
    private MessageChannel channel;

    @BeforeEach
    void connect() {
        final UnixSocket[] pair = UnixSocket.pair();
        peer = pair[0];
        channel = new MessageChannel(pair[1]);
    }

    @AfterEach
    void shouldLeaveNoDescriptorOpen() {
        channel.close();
        peer.close();
        assertEquals(openBefore, OpenFiles.count());
    }

    @Test
    void shouldReassembleFromSingleBytes() throws ProtocolViolation {
        final ByteBuffer bytes = message(8, Message.VERSION, 8).putLong(12, 0x1122334455667788L);
        for (int i = 0; i < bytes.capacity(); i++) {
            assertNull(channel.receive());
            assertEquals(i > 0, channel.hasPartial());
            send(bytes.limit(i + 1).position(i));
        }
        try (Message message = channel.receive()) {
            assertEquals(8, message.request());
            assertEquals(0x1122334455667788L, message.u64(0));
            assertEquals(0x11223344L, message.u32(4));
        }
        assertFalse(channel.hasPartial());
    }

    @Test
    void shouldSeparateMessagesOfOneSend() throws ProtocolViolation {
        final ByteBuffer both = direct(32).putInt(2).putInt(9).putInt(8).putLong(77).putInt(1).putInt(1).putInt(0);
        send(both.flip());
        try (Message first = channel.receive(); Message second = channel.receive()) {
            assertEquals(2, first.request());
            assertTrue(first.needsReply());
            assertEquals(77, first.u64(0));
            assertEquals(1, second.request());
            assertEquals(0, second.size());
        }
        assertNull(channel.receive());
    }

    @Test
    void shouldGiveDescriptorsToTheMessageTheyCameWith() throws ProtocolViolation {
        try (EventFd eventFd = EventFd.create()) {
            send(message(1, 1, 0));
            send(message(12, 1, 8), eventFd.fd(), eventFd.fd());
            send(message(1, 1, 0));
        }
        try (Message before = channel.receive(); Message with = channel.receive(); Message after = channel.receive()) {
            assertEquals(0, before.fdCount());
            assertEquals(2, with.fdCount());
            assertEquals(0, after.fdCount());
            try (Fd taken = with.takeFd(1)) {
                assertEquals("anon_inode:[eventfd]", taken.target());
            }
            assertThrows(IllegalStateException.class, () -> with.takeFd(1));
        }
    }

    @Test
    void shouldAcceptDescriptorsWithALaterByteOfTheHeader() throws ProtocolViolation {
        final ByteBuffer bytes = message(12, 1, 8);
        send(bytes.limit(5));
        assertNull(channel.receive());
        try (EventFd eventFd = EventFd.create()) {
            send(bytes.limit(20), eventFd.fd());
        }
        try (Message message = channel.receive()) {
            assertEquals(1, message.fdCount());
        }
    }

    @Test
    void shouldRefuseDescriptorsOfThePayload() throws ProtocolViolation {
        final ByteBuffer bytes = message(12, 1, 8);
        send(bytes.limit(15));
        assertNull(channel.receive());
        try (EventFd eventFd = EventFd.create()) {
            send(bytes.limit(20), eventFd.fd());
        }
        assertRefused(Reason.BAD_FDS);
    }

    @Test
    void shouldRefuseOtherVersionsAndUnknownFlags() throws ProtocolViolation {
        for (final int flags : new int[] {0, 2, 3, 1 | 1 << 4, 1 | 1 << 31, -1}) {
            send(message(1, flags, 0));
            assertRefused(Reason.BAD_HEADER);
            channel.close();
            peer.close();
            connect();
        }
    }

    @Test
    void shouldRefuseALengthBeforeReadingThatMuch() {
        for (final int size : new int[] {VhostRequest.MAX_PAYLOAD + 1, Integer.MAX_VALUE, Integer.MIN_VALUE, -1}) {
            try (EventFd eventFd = EventFd.create()) {
                send(direct(12).putInt(1).putInt(1).putInt(size).flip(), eventFd.fd(), eventFd.fd());
            }
            assertRefused(Reason.BAD_SIZE);
            channel.close();
            peer.close();
            connect();
        }
    }

    @Test
    void shouldTakeAsManyDescriptorsAsTheKernelCarries() throws ProtocolViolation {
        try (EventFd eventFd = EventFd.create()) {
            final Fd[] fds = new Fd[ReceivedFds.CAPACITY];
            java.util.Arrays.fill(fds, eventFd.fd());
            send(message(1, 1, 0), fds);
        }
        try (Message message = channel.receive()) {
            assertEquals(ReceivedFds.CAPACITY, message.fdCount());
        }
    }

    @Test
    void shouldNoticeThatThePeerHasGone() throws ProtocolViolation {
        send(message(1, 1, 0));
        send(message(1, 1, 8).limit(17));
        peer.close();
        try (Message last = channel.receive()) {
            assertNotNull(last);
        }
        assertFalse(channel.isClosed());
        assertNull(channel.receive());
        assertTrue(channel.isClosed());
    }

    @Test
    void shouldQueueForAPeerThatReadsLater() throws ProtocolViolation {
        final ByteBuffer payload = ByteBuffer.allocate(1000);
        int sent = 0;
        while (!channel.hasUnsent()) {
            channel.send(sent++, Message.REPLY, payload.putInt(0, sent).clear());
        }
        channel.send(sent++, Message.REPLY, payload.clear());
        try (MessageChannel reader = new MessageChannel(peer)) {
            int expected = 0;
            while (expected < sent) {
                final Message message = reader.receive();
                if (message == null) {
                    channel.flush();
                } else {
                    assertEquals(expected++, message.request());
                    assertTrue(message.isReply());
                }
            }
        }
        assertFalse(channel.hasUnsent());
    }

    @Test
    void shouldGiveUpOnAPeerThatNeverReads() {
        final ProtocolViolation violation = assertThrows(ProtocolViolation.class, () -> {
            for (int i = 0; i < 1_000_000; i++) {
                channel.send(1, Message.REPLY, ByteBuffer.allocate(8));
            }
        });
        assertEquals(Reason.REPLIES_UNREAD, violation.reason());
    }

    @Test
    void shouldSendDescriptorsEvenIfTheyAreClosedMeanwhile() throws ProtocolViolation {
        while (!channel.hasUnsent()) {
            channel.send(1, Message.REPLY, ByteBuffer.allocate(1000));
        }
        try (EventFd eventFd = EventFd.create()) {
            channel.send(2, 0, ByteBuffer.allocate(0), eventFd.fd());
        }
        try (MessageChannel reader = new MessageChannel(peer)) {
            Message message = null;
            while (message == null || message.request() != 2) {
                channel.flush();
                message = reader.receive();
            }
            try (Fd arrived = message.takeFd(0)) {
                assertEquals("anon_inode:[eventfd]", arrived.target());
            }
        }
    }

    private void assertRefused(final Reason reason) {
        final ProtocolViolation violation = assertThrows(ProtocolViolation.class, channel::receive);
        assertEquals(reason, violation.reason());
    }

    private static ByteBuffer message(final int request, final int flags, final int size) {
        final ByteBuffer bytes = direct(Message.HEADER_LENGTH + size).putInt(request).putInt(flags).putInt(size);
        return bytes.clear();
    }

    private static ByteBuffer direct(final int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void send(final ByteBuffer bytes, final Fd... fds) {
        final int[] numbers = new int[fds.length];
        for (int i = 0; i < fds.length; i++) {
            numbers[i] = fds[i].number();
        }
        final int size = bytes.remaining();
        assertEquals(size, peer.send(bytes, fds.length == 0 ? null : numbers));
    }
}

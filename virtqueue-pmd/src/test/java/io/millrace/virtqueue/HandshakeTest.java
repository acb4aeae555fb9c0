/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import io.millrace.linux.EventFd;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** How the driver side talks to back-ends that offer much, little, nonsense, or nothing at all. */
class HandshakeTest {
    @TempDir
    private Path folder;
    private RawBackEnd backEnd;

    @BeforeEach
    void open() {
        backEnd = new RawBackEnd(folder.resolve("p.sock"));
    }

    @AfterEach
    void close() {
        backEnd.close();
    }

    private VirtioUser driver() {
        return VirtioUser.connect(folder.resolve("p.sock").toString());
    }

    private void awaitUp(final DriverHost host) {
        Await.until(() -> "link up: " + host.events, () -> {
            backEnd.pump();
            host.poll();
            return host.port.link() == LinkState.UP && host.port.tx(0).isReady();
        });
    }

    private void awaitCounter(final DriverHost host, final String counter) {
        Await.until(() -> counter + ": " + host.counters.snapshot(), () -> {
            backEnd.pump();
            host.poll();
            // The listener hears of it after it was counted.
            return host.counter(counter) > 0 && !host.events.isEmpty();
        });
        assertEquals(LinkState.DOWN, host.port.link());
    }

    /** Closes the port while the back-end goes on answering, as it has to for an orderly end. */
    private void close(final DriverHost host) {
        final Thread closer = new Thread(host::close, "closer");
        closer.start();
        Await.until("closed", () -> {
            backEnd.pump();
            return !closer.isAlive();
        });
    }

    @Test
    void shouldAcknowledgeOnlyWhatBothSidesKnow() {
        backEnd.features = -1L;
        backEnd.protocol = -1L;
        final DriverHost host = new DriverHost(driver());
        awaitUp(host);
        assertEquals(RawBackEnd.MODERN | Features.VIRTIO_F_ANY_LAYOUT | Features.VIRTIO_NET_F_MRG_RXBUF
            | Features.VIRTIO_F_INDIRECT_DESC | Features.VIRTIO_F_EVENT_IDX | Features.VIRTIO_F_IN_ORDER
            | OffloadFeatures.of(OffloadFeatures.ALL), backEnd.acked);
        assertTrue(backEnd.requests.contains(VhostRequest.SET_STATUS));
        assertFalse(backEnd.requests.contains(VhostRequest.SET_BACKEND_REQ_FD));
        close(host);
    }

    @Test
    void shouldNotUseWhatIsSwitchedOff() {
        backEnd.features = -1L;
        final DriverHost host = new DriverHost(
            driver().mergeable(false).indirect(false).eventIndex(false).inOrder(false).offloads(0));
        awaitUp(host);
        assertEquals(RawBackEnd.MODERN | Features.VIRTIO_F_ANY_LAYOUT, backEnd.acked);
        close(host);
    }

    @Test
    void shouldServeABackEndWithoutProtocolFeatures() {
        backEnd.features = Features.VIRTIO_F_ANY_LAYOUT;
        final DriverHost host = new DriverHost(driver());
        awaitUp(host);
        assertFalse(backEnd.requests.contains(VhostRequest.SET_VRING_ENABLE));
        host.add(1, 64);
        host.port.tx(0).transmit(host.out);
        assertEquals(10 + 64, backEnd.ring(1).length(0), "legacy header");
        close(host);
    }

    @Test
    void shouldStopTheRingsBeforeItFreesTheirFrames() {
        final DriverHost host = new DriverHost(driver());
        awaitUp(host);
        close(host);
        assertEquals(2, backEnd.requests.stream().filter(r -> r == VhostRequest.GET_VRING_BASE).count());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void shouldRefuseABackEndWithTooFewQueues(final long offered) {
        backEnd.features |= Features.VIRTIO_NET_F_MQ;
        backEnd.queueNum = offered;
        final DriverHost host = new DriverHost(driver().queues(2));
        awaitCounter(host, "session/violation/bad-value");
        assertTrue(host.events.get(0).contains("serves " + offered + " queue pairs, 2 are asked for"),
            host.events.toString());
        close(host);
    }

    @Test
    void shouldTakeAHugeNumberOfQueuesForManyEnough() {
        backEnd.features |= Features.VIRTIO_NET_F_MQ;
        backEnd.queueNum = Long.MIN_VALUE;
        final DriverHost host = new DriverHost(driver().queues(2));
        awaitUp(host);
        assertEquals(4, backEnd.requests.stream().filter(r -> r == VhostRequest.SET_VRING_KICK).count());
        close(host);
    }

    @Test
    void shouldRefuseABackEndThatIsTooOld() {
        backEnd.features = Features.VIRTIO_NET_F_MRG_RXBUF;
        final DriverHost host = new DriverHost(driver());
        awaitCounter(host, "session/violation/bad-value");
        close(host);
    }

    /** Ways to answer a question wrongly. */
    enum Wrong { OTHER_REQUEST, NO_REPLY_BIT, TOO_LONG, TOO_SHORT, WITH_DESCRIPTOR, REFUSAL, TWICE }

    @ParameterizedTest
    @EnumSource(Wrong.class)
    void shouldSendAwayABackEndThatAnswersWrongly(final Wrong wrong) {
        backEnd.override = request -> {
            final VhostRequest asked = wrong == Wrong.REFUSAL ? VhostRequest.SET_MEM_TABLE : VhostRequest.GET_QUEUE_NUM;
            if (request.request() != asked.id()) {
                return false;
            }
            switch (wrong) {
                case OTHER_REQUEST -> backEnd.send(1, Message.REPLY, FrontEnd.payload(8));
                case NO_REPLY_BIT -> backEnd.send(asked.id(), 0, FrontEnd.payload(8));
                case TOO_LONG -> backEnd.send(asked.id(), Message.REPLY, FrontEnd.payload(12));
                case TOO_SHORT -> backEnd.send(asked.id(), Message.REPLY, FrontEnd.payload(0));
                case WITH_DESCRIPTOR -> {
                    try (EventFd fd = EventFd.create()) {
                        backEnd.send(asked.id(), Message.REPLY, FrontEnd.payload(8), fd.fd());
                    }
                }
                case REFUSAL -> backEnd.reply(request, 1);
                default -> {
                    backEnd.reply(request, 1);
                    backEnd.reply(request, 1);
                }
            }
            return true;
        };
        final DriverHost host = new DriverHost(driver());
        awaitCounter(host, "session/violation/bad-reply");
        close(host);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 12, 16, 20})
    void shouldStartAgainWhenTheBackEndHangsUpInTheMiddle(final int after) {
        backEnd.override = request -> {
            if (backEnd.connections == 1 && backEnd.requests.size() >= after) {
                backEnd.hangUp();
                return true;
            }
            return false;
        };
        final DriverHost host = new DriverHost(driver());
        awaitUp(host);
        assertEquals(2, backEnd.connections);
        close(host);
    }

    @Test
    void shouldNotWaitForEverForAnAnswer() {
        backEnd.override = request -> request.request() == VhostRequest.GET_QUEUE_NUM.id();
        final DriverHost host = new DriverHost(driver());
        awaitCounter(host, "session/violation/no-reply");
        close(host);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortType;
import io.millrace.linux.UnixListener;
import io.millrace.linux.UnixSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The life of a port: front-ends that come, go, and come again. */
class VhostUserPortTest {
    private final PortFixture fixture = new PortFixture();

    @AfterEach
    void shouldLeaveNothingBehind() {
        fixture.close();
    }

    @Test
    void shouldBringTheLinkUpAndDown() {
        final Port port = fixture.listen("vm");
        fixture.startWorker();
        assertEquals(LinkState.DOWN, port.link());
        assertTrue(port.isReady());
        try (RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm"))) {
            frontEnd.startAll();
            fixture.awaitLink(port, LinkState.UP);
            frontEnd.ask(VhostRequest.GET_VRING_BASE, RawFrontEnd.state(1, 0));
            fixture.awaitLink(port, LinkState.DOWN);
        }
        fixture.awaitCount("port/vm/session/closed-by-peer", 1);
        assertEquals(1, fixture.count("port/vm/session/accepted"));
        assertEquals("[vm UP: the front-end has started the rings, vm DOWN: the front-end has stopped the rings]",
            fixture.events.toString());
    }

    @Test
    void shouldTellWhyTheLinkWentDown() {
        final Port port = fixture.listen("vm");
        fixture.startWorker();
        try (RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm"))) {
            frontEnd.startAll();
            fixture.awaitLink(port, LinkState.UP);
        }
        PortFixture.await(() -> fixture.events.size() == 2, () -> fixture.events.toString());
        assertEquals("vm DOWN: the peer closed the connection", fixture.events.get(1));
    }

    @Test
    void shouldServeOneFrontEndAfterTheOther() {
        final Port port = fixture.listen("vm");
        fixture.startWorker();
        for (int i = 1; i <= 20; i++) {
            try (RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm"))) {
                frontEnd.startAll();
                fixture.awaitLink(port, LinkState.UP);
            }
            // No wait for the end of the one before: it has to be noticed when the next one is here.
        }
        assertEquals(20, fixture.count("port/vm/session/accepted"));
        assertEquals(0, fixture.count("port/vm/session/refused"));
    }

    @Test
    void shouldSendASecondFrontEndAway() {
        final Port port = fixture.listen("vm");
        try (RawFrontEnd first = RawFrontEnd.connect(fixture.path("vm"))) {
            first.startAll();
            try (RawFrontEnd second = RawFrontEnd.connect(fixture.path("vm"))) {
                second.awaitEnd();
            }
            assertEquals(1, fixture.count("port/vm/session/refused"));
            assertEquals(LinkState.UP, port.link());
            assertEquals(1, first.ask(VhostRequest.GET_QUEUE_NUM));
        }
    }

    @Test
    void shouldConnectAndConnectAgain() {
        final Port port = fixture.open(VhostUser.connect(fixture.path("qemu").toString()).name("client"));
        assertFalse(port.isReady());
        for (int i = 1; i <= 3; i++) {
            try (UnixListener listener = UnixListener.bind(fixture.path("qemu"));
                RawFrontEnd frontEnd = new RawFrontEnd(accept(listener))) {
                frontEnd.startAll();
                fixture.awaitLink(port, LinkState.UP);
            }
            fixture.awaitLink(port, LinkState.DOWN);
            assertEquals(i, fixture.count("port/client/session/accepted"));
        }
    }

    private static UnixSocket accept(final UnixListener listener) {
        final UnixSocket[] accepted = new UnixSocket[1];
        PortFixture.await(() -> (accepted[0] = listener.accept()) != null, () -> "nobody connects");
        return accepted[0];
    }

    @Test
    void shouldOfferTheSameToEveryFrontEnd() {
        fixture.open(VhostUser.listen(fixture.path("vm").toString()).queues(4).mtu(9000));
        for (int i = 0; i < 2; i++) {
            try (RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm"))) {
                assertEquals(0x1c0_000f_7c66_bb8bL, frontEnd.ask(VhostRequest.GET_FEATURES));
                assertEquals(0x1_a03fL, frontEnd.ask(VhostRequest.GET_PROTOCOL_FEATURES));
                frontEnd.negotiate();
                assertEquals(4, frontEnd.ask(VhostRequest.GET_QUEUE_NUM));
            }
        }
    }

    @Test
    void shouldCloseWhileAFrontEndIsConnected() {
        final Port port = fixture.listen("vm");
        fixture.startWorker();
        try (RawFrontEnd frontEnd = RawFrontEnd.connect(fixture.path("vm"))) {
            frontEnd.startAll();
            fixture.awaitLink(port, LinkState.UP);
            fixture.stopWorker();
            port.close();
            frontEnd.awaitEnd();
        }
        assertTrue(Files.notExists(fixture.path("vm")));
        assertEquals(LinkState.DOWN, port.link());
    }

    @Test
    void shouldSayWhatIsWrongWithAPath() throws java.io.IOException {
        fixture.listen("vm");
        assertMessage("another process serves this socket", fixture.path("vm"));
        assertMessage("does not exist", fixture.folder.resolve("none/vm.sock"));
        final Path file = Files.createFile(fixture.folder.resolve("file"));
        assertMessage("not a socket", file);
        assertThrows(ConfigurationException.class, () -> VhostUser.listen("/tmp/" + "x".repeat(103)));
        assertThrows(ConfigurationException.class, () -> VhostUser.listen(""));
    }

    private void assertMessage(final String part, final Path path) {
        final VhostUser config = VhostUser.listen(path.toString());
        final String message = assertThrows(ConfigurationException.class, () -> fixture.open(config)).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void shouldReadPortsFromTheCommandLine() {
        final VhostUser port = (VhostUser) PortType.parse("vhost-user:/run/vm0.sock,queues=2,client,mtu=1500");
        assertEquals("vm0", port.name());
        assertEquals(2, port.offer().queues());
        assertEquals(1500, port.offer().mtu());
        assertFalse(port.isServer());
        assertEquals("db", ((VhostUser) PortType.parse("vhost-user:/run/vm0.sock,name=db")).name());
        for (final String wrong : new String[] {
            "vhost-user:", "vhost-user:/x,queues=129", "vhost-user:/x,queues=0", "vhost-user:/x,mtu=67",
            "vhost-user:/x,name=a/b", "vhost-user:/x,speed=9"
        }) {
            assertThrows(ConfigurationException.class, () -> PortType.parse(wrong), wrong);
        }
    }
}

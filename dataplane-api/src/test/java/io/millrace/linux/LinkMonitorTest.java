/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is heard about interfaces, and what if nobody listens for a while. */
class LinkMonitorTest implements LinkMonitor.Listener {
    private final List<String> heard = new ArrayList<>();
    private TestNamespace network;
    private LinkMonitor monitor;
    private Interfaces interfaces;
    private Runnable onFirstLoss = () -> { };

    @BeforeEach
    void open() {
        network = TestNamespace.create();
        try (NetNamespace namespace = network.open()) {
            monitor = namespace.call(LinkMonitor::open);
            interfaces = namespace.call(Interfaces::open);
        }
    }

    @AfterEach
    void close() {
        if (network != null) {
            monitor.close();
            interfaces.close();
            network.close();
        }
    }

    @Override
    public void onLink(final int index, final String name) {
        heard.add(name);
    }

    @Override
    public void onGone(final int index) {
        heard.add("-" + index);
    }

    @Override
    public void onLost() {
        heard.add("lost");
        onFirstLoss.run();
        onFirstLoss = () -> { };
    }

    private List<String> hear() {
        heard.clear();
        while (!monitor.drain(this)) {
            // There is more.
        }
        return heard;
    }

    @Test
    void shouldHearOfNewsOnly() {
        assertTrue(monitor.drain(this));
        assertEquals(List.of(), heard);
        network.ip("link add left type veth peer name right");
        assertTrue(hear().containsAll(List.of("left", "right")), heard.toString());
        assertEquals(List.of(), hear());
    }

    @Test
    void shouldHearOfANewName() {
        network.ip("link add left type veth peer name right");
        hear();
        network.ip("link set left name other");
        assertTrue(hear().contains("other"), heard.toString());
    }

    @Test
    void shouldHearOfADeletion() {
        network.ip("link add left type veth peer name right");
        final int index = interfaces.find("left").index();
        hear();
        network.ip("link del left");
        assertTrue(hear().contains("-" + index), heard.toString());
    }

    @Test
    void shouldTakeAMoveForTheEnd() {
        network.ip("link add left type veth peer name right");
        final int index = interfaces.find("left").index();
        hear();
        try (TestNamespace other = TestNamespace.create()) {
            network.ip("link set left netns " + other.name());
            assertTrue(hear().contains("-" + index), heard.toString());
        }
    }

    @Test
    void shouldNotTakeLeavingABridgeForTheEnd() {
        network.ip("link add left type veth peer name right");
        network.ip("link add bridge type bridge");
        network.ip("link set left master bridge");
        hear();
        network.ip("link set left nomaster");
        assertFalse(hear().isEmpty());
        assertFalse(heard.contains("-" + interfaces.find("left").index()), heard.toString());
    }

    @Test
    void shouldSayThatNewsWereLost() {
        monitor.receiveBuffer(1);
        for (int i = 0; i < 10; i++) {
            network.ip("link add left" + i + " type veth peer name right" + i);
        }
        assertTrue(hear().contains("lost"), heard.toString());
        network.ip("link set left0 name other");
        assertTrue(hear().contains("other"), "heard nothing after a loss: " + heard);
    }

    @Test
    void shouldSayThatNewsWereLostUntilAllWereTaken() {
        network.ip("link add left type veth peer name right");
        hear();
        monitor.receiveBuffer(1);
        for (int i = 0; i < 10; i++) {
            network.ip("link set left mtu " + (1400 + i));
        }
        onFirstLoss = () -> network.ip("link set left name other");
        assertFalse(hear().contains("other"), "nothing was dropped: " + heard);
        assertEquals("lost", heard.get(heard.size() - 1), heard.toString());
        assertEquals(List.of(), hear());
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.Burst;
import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.linux.Bpf;
import io.millrace.linux.Ethtool;
import io.millrace.linux.Fd;
import io.millrace.linux.Interfaces;
import io.millrace.linux.Mapping;
import io.millrace.linux.NetNamespace;
import io.millrace.linux.XdpSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a description becomes on a device, and what is said when it cannot. */
class SetupTest {
    private final VethLab lab = new VethLab(2);
    private final NetNamespace left = NetNamespace.open(lab.leftSpace);
    private final FramePool pool = FramePool.create(8192, 16);
    private final Counters counters = Counters.inMemory();
    private final ControlLoop control = ControlLoop.start("control");

    @AfterEach
    void everyFrameIsBack() {
        control.close();
        left.close();
        lab.close();
        pool.close();
        counters.close();
    }

    private AfXdp description() {
        return AfXdp.device(VethLab.LEFT).namespace(lab.leftSpace).ringSize(256);
    }

    private Port open(final AfXdp config) {
        return config.open(new PortContext(0, pool, counters, control, (port, state, reason) -> { }));
    }

    private String refusal(final AfXdp config) {
        return assertThrows(ConfigurationException.class, () -> open(config).close()).getMessage();
    }

    private static void assertContains(final String text, final String... parts) {
        for (final String part : parts) {
            assertTrue(text.contains(part), () -> "\"" + part + "\" is not in: " + text);
        }
    }

    private int index() {
        return left.call(() -> {
            try (Interfaces interfaces = Interfaces.open()) {
                return interfaces.find(VethLab.LEFT).index();
            }
        });
    }

    @Test
    void shouldTakeAllQueuesAndSayItsMode() {
        try (Port port = open(description())) {
            assertEquals(2, port.queues());
            assertContains(port.toString(), "afxdp:left", "2 queues", "copy");
            assertEquals(LinkState.UP, port.link());
        }
    }

    @Test
    void shouldOpenAgainRightAfterItWasClosed() {
        for (int i = 0; i < 5; i++) {
            open(description()).close();
        }
        assertEquals(0, Umem.members(pool));
    }

    @Test
    void shouldSetTheNumberOfQueuesAndSetItBack() {
        final Callable<Integer> inUse = () -> Ethtool.channels(VethLab.LEFT).rxQueues();
        try (Port port = open(description().queues(1))) {
            assertEquals(1, port.queues());
            assertEquals(1, left.call(inUse));
        }
        assertEquals(2, left.call(inUse));
    }

    @Test
    void shouldSayHowManyQueuesThereCanBe() {
        assertContains(refusal(description().queues(3)), "left has at most 2 queues, not 3", "queues=2");
    }

    @Test
    void shouldNotPretendToFilterWhatAnotherProgramRedirects() {
        assertContains(refusal(description().map("/sys/fs/bpf/none").filter(Filter.udpPort(53))), "map=",
            "leave out filter=udp:53");
    }

    @Test
    void shouldBePromiscuousWhileItIsOpen() {
        final String command = "ip -n " + lab.leftSpace + " -d link show left";
        final Port port = open(description());
        assertContains(VethLab.run(command), "promiscuity 1");
        port.close();
        assertContains(VethLab.run(command), "promiscuity 0");
        final Port modest = open(description().promiscuous(false));
        assertContains(VethLab.run(command), "promiscuity 0");
        modest.close();
    }

    @Test
    void shouldSayThatADeviceIsNotThere() {
        assertContains(refusal(AfXdp.device("nosuch0").namespace(lab.leftSpace)), "ENODEV",
            "there is no interface nosuch0 in the network namespace " + lab.leftSpace);
        assertContains(refusal(AfXdp.device("nosuch0").namespace("nosuchspace")), "ENOENT", "nosuchspace");
    }

    @Test
    void shouldSayThatADriverCannotDoZeroCopy() {
        assertContains(refusal(description().mode(Mode.ZERO_COPY)), "in mode zero-copy", "EOPNOTSUPP",
            "the driver of left cannot do zero-copy", "mode=copy");
    }

    @Test
    void shouldSayWhoHasTheQueue() {
        final Mapping memory = Mapping.anonymous(4096, "memory of a stranger");
        try (XdpSocket stranger = left.call(XdpSocket::open)) {
            stranger.register(memory.address(), memory.length(), ChunkSet.CHUNK);
            stranger.rings(2, 2, 2, 0);
            stranger.bind(index(), 1, XdpSocket.COPY);
            assertContains(refusal(description()), "EBUSY", "another AF_XDP socket has a queue of left",
                "queue 1: ");
        } finally {
            memory.close();
        }
    }

    @Test
    void shouldSayThatAnotherProgramIsThere() {
        final Port port = open(description());
        assertContains(refusal(description().name("second")), "left has an XDP program of somebody else", "map=");
        port.close();
    }

    @Test
    void shouldKnowWhenAQueueIsFree() {
        final int index = index();
        final Port port = open(description());
        assertEquals(false, left.call(() -> QueueRelease.isFree(index, 0)));
        port.close();
        assertTrue(left.call(() -> QueueRelease.await(index, 2)));
    }

    @Test
    void shouldFallBackToGenericModeWhereTheDriverCannot() {
        // An XDP program in the driver wants a queue here for each of the other end's: these are more.
        VethLab.run("ip netns exec " + lab.leftSpace + " ethtool -L left rx 1 tx 1");
        try (Port port = open(description())) {
            assertContains(port.toString(), "generic");
        }
        assertContains(refusal(description().mode(Mode.COPY)), "attach an XDP program to left");
    }

    @Test
    void shouldTakeFramesFromThePoolAndGiveThemBack() {
        final int all = pool.free();
        final Port port = open(description());
        // The fill rings are full before anybody polls.
        assertEquals(all - 2 * 2 * 256, pool.free());
        port.close();
        assertEquals(all, pool.free());
    }

    @Test
    void shouldOpenWithAPoolThatIsTooSmall() {
        try (FramePool small = FramePool.create(300, 0)) {
            final Port port = description().open(
                new PortContext(0, small, counters, control, (who, state, reason) -> { }));
            assertEquals(0, small.free());
            port.close();
        }
    }

    @Test
    void shouldTakeBusyPollOptions() {
        try (Port port = open(description().busyPoll(32, 20)); FrameCache frames = pool.cache("test")) {
            final Burst burst = new Burst(frames, 32);
            port.rx(0).receive(burst);
            port.rx(0).release();
            assertEquals(1, counters.snapshot().get("port/left/rx0/wakeups"));
        }
    }

    @Test
    void shouldUseTheMapOfSomebodyElsesProgram() throws IOException {
        final int index = index();
        final Path folder = Files.createTempDirectory("bpffs");
        VethLab.run("mount -t bpf bpf " + folder);
        final Path pinned = folder.resolve("xsks");
        try (Fd map = Bpf.createMap(Bpf.MAP_XSK, "theirs", 4, 4, 2);
             Fd program = Bpf.load(Bpf.PROGRAM_XDP, "theirs", 0, XdpProgram.instructions(Filter.all(), map.number()));
             Fd link = left.call(() -> Bpf.attachXdp(program, index, Bpf.XDP_DRIVER))) {
            Bpf.pin(map, pinned);
            assertTrue(link.isOpen());
            try (Port port = open(description().map(pinned.toString()))) {
                assertEquals(2, port.queues());
            }
        } finally {
            VethLab.run("umount " + folder);
            Files.delete(folder);
        }
    }

    @Test
    void shouldLeaveNothingBehindWhenThereAreTooManyCounters() {
        // All but a few.
        final List<Counter> fillers = new ArrayList<>();
        assertThrows(ConfigurationException.class, () -> {
            while (true) {
                fillers.add(counters.scope("filler").counter("c" + fillers.size()));
            }
        });
        assertContains(refusal(description()), "counters already");
        assertEquals(0, Umem.members(pool));
    }

    @Test
    void shouldBeReadyWithoutACarrier() {
        lab.right("set right down");
        try (Port port = open(description())) {
            assertEquals(LinkState.DOWN, port.link());
            assertTrue(port.isReady());
        }
    }
}

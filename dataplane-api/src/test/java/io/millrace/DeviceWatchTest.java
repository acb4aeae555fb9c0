/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import io.millrace.linux.TestNamespace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** One interface through its life, as the control loop is told of it. */
@Timeout(120)
class DeviceWatchTest {
    private static final long PATIENCE_NS = 20_000_000_000L;

    private final ControlLoop loop = ControlLoop.start("test-control");
    private final List<NetInterface> changes = new ArrayList<>();
    private int deaths;
    private TestNamespace network;
    private DeviceWatch watch;

    @BeforeEach
    void open() {
        network = TestNamespace.create();
    }

    @AfterEach
    void close() {
        inLoop(() -> {
            if (watch != null) {
                watch.close();
            }
        });
        loop.close();
        if (network != null) {
            network.close();
        }
    }

    private void inLoop(final Runnable task) {
        loop.call(() -> {
            task.run();
            return null;
        });
    }

    private void follow(final String name) {
        try (NetNamespace namespace = network.open()) {
            watch = loop.call(() -> DeviceWatch.open(loop, namespace, name, new Notes()));
        }
    }

    /** Only touched on the loop. */
    private final class Notes implements DeviceWatch.Listener {
        @Override
        public void onChange(final NetInterface device) {
            changes.add(device);
        }

        @Override
        public void onGone() {
            deaths++;
        }
    }

    private void await(final BooleanSupplier condition) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!loop.call(condition::getAsBoolean)) {
            assertTrue(System.nanoTime() < deadline, () -> loop.call(() -> deaths + " deaths, " + changes));
            Thread.onSpinWait();
        }
    }

    private static long sockets() {
        return Stream.of(new File("/proc/self/fd").list())
            .filter(fd -> linkTarget(Path.of("/proc/self/fd", fd)).startsWith("socket:")).count();
    }

    private static String linkTarget(final Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (final IOException e) {
            return "";
        }
    }

    private boolean isThere() {
        return watch.device() != null;
    }

    private void addVeth() {
        network.ip("link add left type veth peer name right");
    }

    @Test
    void shouldTellHowItIsAtFirst() {
        addVeth();
        follow("left");
        assertEquals(List.of(loop.call(watch::device)), loop.call(() -> List.copyOf(changes)));
        assertEquals("left", loop.call(watch::device).name());
        assertFalse(loop.call(watch::device).isUp());
    }

    @Test
    void shouldFollowUpDownCarrierMtuAndMac() {
        addVeth();
        follow("left");
        network.ip("link set left up");
        await(() -> watch.device().isUp());
        assertFalse(loop.call(watch::device).hasCarrier());
        network.ip("link set right up");
        await(() -> watch.device().hasCarrier());
        network.ip("link set left mtu 9000");
        await(() -> watch.device().mtu() == 9000);
        network.ip("link set left address 02:00:00:00:00:07");
        await(() -> watch.device().mac() == 0x0200_0000_0007L);
        network.ip("link set left down");
        await(() -> !watch.device().isUp());
        assertEquals(0, loop.call(() -> deaths));
    }

    @Test
    void shouldTellNothingThatIsNotNew() {
        addVeth();
        follow("left");
        network.ip("link set left mtu 1400");
        network.ip("link set left mtu 1500");
        network.ip("link set left up");
        await(() -> watch.device().isUp());
        inLoop(() -> {
            for (int i = 1; i < changes.size(); i++) {
                assertNotEquals(changes.get(i - 1), changes.get(i));
            }
        });
    }

    @Test
    void shouldStayWithTheDeviceThatIsRenamed() {
        addVeth();
        follow("left");
        final int index = loop.call(watch::device).index();
        network.ip("link set left name elsewhere");
        await(() -> watch.device().name().equals("elsewhere"));
        network.ip("link set right name left");
        network.ip("link set elsewhere up");
        await(() -> watch.device().isUp());
        assertEquals(index, loop.call(watch::device).index());
        assertEquals(0, loop.call(() -> deaths));
    }

    @Test
    void shouldTellThatItIsGoneAndFollowTheNextOfItsName() {
        addVeth();
        follow("left");
        final int index = loop.call(watch::device).index();
        network.ip("link del left");
        await(() -> deaths == 1);
        addVeth();
        await(this::isThere);
        assertNotEquals(index, loop.call(watch::device).index());
        network.ip("link set left up");
        await(() -> watch.device().isUp());
        assertEquals(1, loop.call(() -> deaths));
    }

    @Test
    void shouldWaitForADeviceThatIsNotThereYet() {
        follow("left");
        assertNull(loop.call(watch::device));
        network.ip("link add other type veth peer name right");
        network.ip("link set other name left");
        await(this::isThere);
        assertEquals(0, loop.call(() -> deaths));
    }

    @Test
    void shouldTakeAMoveToAnotherNamespaceForTheEnd() {
        addVeth();
        follow("left");
        try (TestNamespace other = TestNamespace.create()) {
            network.ip("link set left netns " + other.name());
            await(() -> deaths == 1);
            assertNull(loop.call(watch::device));
            other.ip("link set left netns " + network.name());
            await(this::isThere);
        }
    }

    @Test
    void shouldTellOfTheEndThoughItWasReplacedMeanwhile() {
        addVeth();
        follow("left");
        final int index = loop.call(watch::device).index();
        whileTheLoopIsBusy(() -> {
            network.ip("link del left");
            network.ip("link add left index " + index + " type veth peer name right");
        });
        await(() -> deaths == 1 && watch.device() != null);
        assertEquals(index, loop.call(watch::device).index());
        assertEquals(2, loop.call(changes::size));
    }

    @Test
    void shouldAskAgainWhenNewsWereLost() {
        addVeth();
        follow("left");
        whileTheLoopIsBusy(() -> {
            final StringBuilder batch = new StringBuilder();
            for (int i = 0; i < 1000; i++) {
                batch.append("link set right mtu ").append(1400 + i % 2).append('\n');
            }
            network.batch(batch.toString());
            network.ip("link set left mtu 1234");
        });
        await(() -> watch.device().mtu() == 1234);
        network.ip("link del left");
        await(() -> deaths == 1);
    }

    private void whileTheLoopIsBusy(final Runnable task) {
        final CountDownLatch done = new CountDownLatch(1);
        loop.execute(() -> {
            try {
                done.await();
            } catch (final InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        try {
            task.run();
        } finally {
            done.countDown();
        }
    }

    @Test
    void shouldTellNothingOnceClosed() {
        addVeth();
        follow("left");
        inLoop(() -> {
            watch.close();
            watch.close();
        });
        final int told = loop.call(changes::size);
        try (NetNamespace namespace = network.open()) {
            final DeviceWatch witness = loop.call(() -> DeviceWatch.open(loop, namespace, "right", new Notes()));
            network.ip("link del left");
            await(() -> witness.device() == null);
            inLoop(witness::close);
        }
        // The witness's own first change, and its end.
        assertEquals(told + 1, loop.call(changes::size));
        assertEquals(1, loop.call(() -> deaths));
    }

    @Test
    void shouldLetItsListenerCloseIt() {
        addVeth();
        try (NetNamespace namespace = network.open()) {
            watch = loop.call(() -> DeviceWatch.open(loop, namespace, "left", new DeviceWatch.Listener() {
                @Override
                public void onChange(final NetInterface device) {
                    changes.add(device);
                }

                @Override
                public void onGone() {
                    deaths++;
                    watch.close();
                }
            }));
        }
        network.ip("link del left");
        await(() -> deaths == 1);
        addVeth();
        assertEquals(1, loop.call(changes::size));
    }

    @Test
    void shouldLeaveNoDescriptors() {
        addVeth();
        follow("left");
        inLoop(watch::close);
        final long before = sockets();
        for (int i = 0; i < 5; i++) {
            follow("left");
            inLoop(watch::close);
        }
        assertEquals(before, sockets());
    }

    @Test
    void shouldReportWhatTheListenerThrowsAtFirst() {
        addVeth();
        final long before = sockets();
        try (NetNamespace namespace = network.open()) {
            assertThrows(ConfigurationException.class, () -> loop.call(() -> DeviceWatch.open(loop, namespace, "left",
                new DeviceWatch.Listener() {
                    @Override
                    public void onChange(final NetInterface device) {
                        throw new ConfigurationException("no such device, please");
                    }

                    @Override
                    public void onGone() {
                        deaths++;
                    }
                })));
        }
        assertEquals(before, sockets());
    }
}

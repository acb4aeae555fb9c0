/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Burst;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.PortContext;
import org.agrona.UnsafeApi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/**
 * A virtio-user port and a vhost-user port that are each other's peers, over a socket in a temporary folder: real rings
 * in one JVM, without root. Nothing runs by itself but the control loop; the test's thread polls.
 *
 * <pre>
 *   {@link #toDevice}  -- driver.tx -&gt; ring 1, 3, .. -- device.rx -&gt;  {@link #atDevice}
 *   {@link #atDriver}  &lt;- driver.rx -- ring 0, 2, .. &lt;- device.tx --  {@link #toDriver}
 * </pre>
 *
 * <p>Closing it fails the test if a frame is missing.
 */
final class LoopbackFixture implements AutoCloseable {
    final FramePool pool;
    final Counters counters = Counters.inMemory();
    final ControlLoop control = ControlLoop.start("control");
    final FrameCache frames;
    final Burst toDevice;
    final Burst atDevice;
    final Burst toDriver;
    final Burst atDriver;
    final List<String> events = new CopyOnWriteArrayList<>();
    final Port driver;
    private final Path folder;
    private final int queues;
    private final UnaryOperator<VhostUser> deviceConfig;
    private Port device;

    LoopbackFixture() {
        this(1, UnaryOperator.identity());
    }

    LoopbackFixture(final int queues, final UnaryOperator<VirtioUser> driverConfig) {
        this(queues, UnaryOperator.identity(), driverConfig);
    }

    /**
     * Opens both ports and waits until packets can pass.
     *
     * @param deviceConfig changes the device's configuration.
     * @param driverConfig changes the driver's configuration.
     */
    LoopbackFixture(final int queues, final UnaryOperator<VhostUser> deviceConfig,
                    final UnaryOperator<VirtioUser> driverConfig) {
        this.queues = queues;
        this.deviceConfig = deviceConfig;
        try {
            folder = Files.createTempDirectory("loopback");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        pool = FramePool.create(8192, 128);
        frames = pool.cache("test");
        toDevice = new Burst(frames, 32);
        atDevice = new Burst(frames, 32);
        toDriver = new Burst(frames, 32);
        atDriver = new Burst(frames, 32);
        openDevice();
        final VirtioUser plain = VirtioUser.connect(socket()).name("driver").queues(queues);
        driver = driverConfig.apply(plain).open(context(1));
        awaitUp();
    }

    private String socket() {
        return folder.resolve("s.sock").toString();
    }

    private PortContext context(final int id) {
        return new PortContext(id, pool, counters, control,
            (port, state, reason) -> events.add(port.name() + " " + state + ": " + reason));
    }

    Port device() {
        return device;
    }

    /** Opens the device's port, again after {@link #closeDevice()}. */
    void openDevice() {
        device = deviceConfig.apply(VhostUser.listen(socket()).name("device").queues(queues)).open(context(0));
    }

    void closeDevice() {
        release(device);
        device.close();
    }

    /** Waits until both links are up and the driver's receive rings are full. */
    void awaitUp() {
        Await.until(() -> "links up: " + events, () -> {
            idle();
            return device.link() == LinkState.UP && driver.link() == LinkState.UP && driver.tx(0).isReady()
                && device.tx(0).isReady();
        });
        for (int i = 0; i < 1024; i++) {
            idle();
        }
    }

    /** Polls all queues without a packet to send, and expects none to arrive. */
    void idle() {
        final Burst empty = toDevice.isEmpty() ? toDevice : toDriver;
        for (int q = 0; q < queues; q++) {
            driver.rx(q).receive(atDriver);
            driver.tx(q).transmit(empty);
            device.rx(q).receive(atDevice);
            device.tx(q).transmit(empty);
        }
    }

    /** Adds a numbered packet of that length, whose other bytes follow from the number. */
    void add(final Burst burst, final long number, final int length) {
        final int offset = frames.allocateFor(length);
        if (offset == FramePool.NONE) {
            throw new AssertionError("no frame");
        }
        final long address = pool.baseAddress() + offset;
        for (int at = 0; at < length; at++) {
            UnsafeApi.putByte(address + at, content(number, at));
        }
        UnsafeApi.putLong(address, number);
        burst.add(offset, length, 0);
    }

    /** The number of a packet. */
    static long number(final Burst burst, final int i) {
        return UnsafeApi.getLong(burst.address(i));
    }

    /** Checks number, length, port and every byte. */
    static void check(final Burst burst, final int i, final long number, final int length, final Port from) {
        if (number(burst, i) != number || burst.length(i) != length || burst.port(i) != from.id()) {
            throw new AssertionError("packet " + number(burst, i) + " of " + burst.length(i) + " bytes from port "
                + burst.port(i) + ", not " + number + " of " + length + " from " + from.id());
        }
        for (int at = 8; at < length; at++) {
            if (UnsafeApi.getByte(burst.address(i) + at) != content(number, at)) {
                throw new AssertionError("packet " + number + " of " + length + " bytes differs at " + at);
            }
        }
    }

    private static byte content(final long number, final int at) {
        return (byte) (number * 31 + at);
    }

    long count(final String name) {
        return counters.snapshot().getOrDefault("port/" + name, 0L);
    }

    private void release(final Port port) {
        for (int q = 0; q < queues; q++) {
            port.rx(q).release();
            port.tx(q).release();
        }
    }

    @Override
    public void close() {
        toDevice.freeAll();
        atDevice.freeAll();
        toDriver.freeAll();
        atDriver.freeAll();
        release(driver);
        closeDevice();
        try {
            driver.close();
        } finally {
            control.close();
            frames.close();
            pool.close();
            counters.close();
            folder.toFile().delete();
        }
    }
}

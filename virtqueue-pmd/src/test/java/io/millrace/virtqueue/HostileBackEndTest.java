/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** A back-end that breaks the rules of a ring costs its session, by a counted name, and not one frame. */
class HostileBackEndTest {
    private static final int RX = 0;
    private static final int TX = 1;

    @TempDir
    private Path folder;
    private RawBackEnd backEnd;
    private DriverHost host;
    private int openFiles;

    @BeforeAll
    static void loadEverything(@TempDir final Path warmUp) {
        // The JVM itself opens a socket once, for good, at the first connection.
        new DriverHost(VirtioUser.listen(warmUp.resolve("w.sock").toString())).close();
    }

    @BeforeEach
    void open() {
        openFiles = OpenFiles.count();
        backEnd = new RawBackEnd(folder.resolve("p.sock"));
        host = new DriverHost(VirtioUser.connect(folder.resolve("p.sock").toString()).ringSize(64));
    }

    @AfterEach
    void everythingIsGivenBack() {
        backEnd.close();
        host.close();
        assertEquals(openFiles, OpenFiles.count(), "open files");
    }

    private void connect() {
        Await.until(() -> "link up: " + host.events, () -> {
            backEnd.pump();
            host.poll();
            return host.port.link() == LinkState.UP && host.port.tx(0).isReady();
        });
        Await.until("receive ring filled", () -> {
            host.poll();
            return backEnd.ring(RX).availIndex() == 64;
        });
    }

    private void send(final int packets) {
        assertEquals(packets, host.send(packets));
    }

    /** The session ends by that name, all frames are back, and the next session works. */
    private void assertSentAway(final String counter) {
        Await.until(() -> "sent away: " + host.counters.snapshot(), () -> {
            host.poll();
            return host.counter("session/" + counter) == 1 && host.port.link() == LinkState.DOWN;
        });
        host.in.freeAll();
        backEnd.hangUp();
        connect();
        send(1);
        assertEquals(1, backEnd.ring(TX).availIndex());
    }

    @ParameterizedTest
    @CsvSource({"64, used-id-range", "0xffffffff, used-id-range", "0x80000000, used-id-range", "5, used-id-idle"})
    void shouldRefuseADescriptorThatIsNotInFlight(final String id, final String fault) {
        connect();
        send(3);
        backEnd.ring(TX).element(Long.decode(id).intValue(), 0);
        backEnd.ring(TX).publish();
        assertSentAway("broken/" + fault);
    }

    @ParameterizedTest
    @ValueSource(ints = {RX, TX})
    void shouldRefuseADescriptorReturnedTwice(final int ring) {
        connect();
        send(3);
        final int count = 3;
        for (int i = 0; i < count; i++) {
            // One buffer a packet; in the transmit ring this lands in our own, returned packet.
            UnsafeApi.putShort(backEnd.ring(ring).buffer(0) + 10, (short) 1);
            backEnd.ring(ring).element(0, 100);
        }
        backEnd.ring(ring).publish();
        assertSentAway("broken/used-id-idle");
    }

    @ParameterizedTest
    @CsvSource({"0, 65", "0, 0xffff", "0, 0x8000", "1, 4", "1, 0xffff"})
    void shouldRefuseAUsedIndexBeyondWhatIsInFlight(final int ring, final String index) {
        connect();
        send(3);
        backEnd.ring(ring).usedIndex(Integer.decode(index));
        assertSentAway("broken/used-index");
    }

    @Test
    void shouldRefuseAUsedIndexThatGoesBack() {
        connect();
        send(3);
        backEnd.ring(TX).element(0, 0);
        backEnd.ring(TX).element(1, 0);
        backEnd.ring(TX).publish();
        host.poll();
        backEnd.ring(TX).usedIndex(1);
        assertSentAway("broken/used-index");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 0xffff})
    void shouldRefuseAnImpossibleNumberOfBuffers(final int buffers) {
        connect();
        final RawBackEnd.Ring ring = backEnd.ring(RX);
        UnsafeApi.putShort(ring.buffer(0) + 10, (short) buffers);
        ring.element(0, 100);
        ring.element(1, 100);
        ring.publish();
        assertSentAway("broken/buffer-count");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 11, 12, 25, 1741, 0x7fffffff, 0x80000000, 0xffffffff})
    void shouldDropAPacketOfImpossibleLength(final int length) {
        connect();
        receive(length, 0, 1);
        assertEquals(0, host.in.size());
        assertEquals(1, host.counter("rx0/drop/bad-length"));
        receive(12 + 60, 0, 1);
        assertEquals(1, host.in.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 0x100, 0x400, 0xff00})
    void shouldDropAPacketWithAnOffloadThatWasNotNegotiated(final int flagsAndGsoType) {
        connect();
        receive(12 + 60, flagsAndGsoType, 1);
        assertEquals(0, host.in.size());
        assertEquals(1, host.counter("rx0/drop/offload"));
    }

    /** Returns the next buffer, with its header, and polls once. */
    private void receive(final int length, final int flags, final int buffers) {
        final RawBackEnd.Ring ring = backEnd.ring(RX);
        final int slot = ring.slot(ring.nextUsed());
        UnsafeApi.putShort(ring.buffer(slot), (short) flags);
        UnsafeApi.putShort(ring.buffer(slot) + 10, (short) buffers);
        ring.element(slot, length);
        ring.publish();
        host.poll();
    }

    @Test
    void shouldDropAPacketOfMoreBuffersThanAnyFrameHolds() {
        connect();
        final RawBackEnd.Ring ring = backEnd.ring(RX);
        UnsafeApi.putShort(ring.buffer(0), (short) 0);
        UnsafeApi.putShort(ring.buffer(0) + 10, (short) 60);
        for (int i = 0; i < 60; i++) {
            ring.element(i, ring.length(i));
        }
        ring.publish();
        host.poll();
        assertEquals(0, host.in.size());
        assertEquals(1, host.counter("rx0/drop/bad-length"));
        assertEquals(LinkState.UP, host.port.link());
    }

    @Test
    void shouldNotWaitForABackEndThatFillsTheKickAndMakesItBlock() {
        connect();
        // The back-end's end of the same open file: at its maximum, a plain write to it would stop this thread.
        final RawBackEnd.Ring ring = backEnd.ring(TX);
        EventFile.fill(ring.kick);
        for (int i = 0; i < 20; i++) {
            send(1);
        }
        assertEquals(20, ring.availIndex());
    }

    @Test
    void shouldSurviveABackEndThatScribblesOverTheWholeRing() {
        for (int seed = 1; seed <= 20; seed++) {
            connect();
            send(32);
            final Random random = new Random(seed);
            for (int round = 0; round < 50 && host.port.link() == LinkState.UP; round++) {
                backEnd.ring(RX).scribble(random);
                backEnd.ring(TX).scribble(random);
                host.poll();
                host.in.freeAll();
            }
            backEnd.hangUp();
            Await.until("link down", () -> {
                host.poll();
                return host.port.link() == LinkState.DOWN;
            });
        }
        connect();
    }
}

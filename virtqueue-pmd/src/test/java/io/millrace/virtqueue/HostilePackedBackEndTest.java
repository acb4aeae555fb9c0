/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** As {@link HostileBackEndTest}, of packed rings: what breaks them costs the session, by a counted name. */
class HostilePackedBackEndTest {
    private static final int RX = 0;
    private static final int TX = 1;
    private static final int SIZE = 60;
    private static final int USED = PackedRing.AVAIL | PackedRing.USED;

    @TempDir
    private Path folder;
    private RawBackEnd backEnd;
    private DriverHost host;

    @BeforeEach
    void listen() {
        backEnd = new RawBackEnd(folder.resolve("p.sock"));
        backEnd.features |= Features.VIRTIO_F_RING_PACKED;
    }

    @AfterEach
    void everythingIsGivenBack() {
        backEnd.close();
        host.close();
    }

    private void connect(final boolean isInOrder) {
        if (isInOrder) {
            backEnd.features |= Features.VIRTIO_F_IN_ORDER;
        }
        host = new DriverHost(VirtioUser.connect(folder.resolve("p.sock").toString()).packed(true).ringSize(SIZE)
            .inOrder(isInOrder));
        awaitSession();
    }

    private void awaitSession() {
        Await.until(() -> "link up: " + host.events, () -> {
            backEnd.pump();
            host.poll();
            return host.port.link() == LinkState.UP && host.port.tx(0).isReady();
        });
        Await.until("receive ring filled", () -> {
            host.poll();
            return flags(RX, SIZE - 1) != 0;
        });
    }

    private long at(final int ring, final int position) {
        return backEnd.ring(ring).descriptors() + 16L * position;
    }

    private int flags(final int ring, final int position) {
        return UnsafeApi.getIntAcquire(null, at(ring, position) + 12) >>> 16;
    }

    private int id(final int ring, final int position) {
        return UnsafeApi.getInt(at(ring, position) + 12) & 0xffff;
    }

    private void use(final int ring, final int position, final int id, final int length, final int flags) {
        UnsafeApi.putInt(at(ring, position) + 8, length);
        UnsafeApi.putIntRelease(null, at(ring, position) + 12, id | flags << 16);
    }

    private void send(final int packets) {
        assertEquals(packets, host.send(packets));
    }

    /** The session ends by that name, and the next one works. */
    private void assertSentAway(final String fault) {
        Await.until(() -> "sent away: " + host.counters.snapshot(), () -> {
            host.poll();
            return host.counter("session/broken/" + fault) == 1 && host.port.link() == LinkState.DOWN;
        });
        host.in.freeAll();
        backEnd.hangUp();
        awaitSession();
        send(1);
        assertTrue(flags(TX, 0) != 0);
    }

    @ParameterizedTest
    @CsvSource({"60, used-id-range", "0xffff, used-id-range", "0x8000, used-id-range", "5, used-id-idle"})
    void shouldRefuseAnIdThatIsNotInFlight(final String id, final String fault) {
        connect(false);
        send(3);
        use(TX, 0, Integer.decode(id), 0, USED);
        assertSentAway(fault);
    }

    @ParameterizedTest
    @ValueSource(ints = {RX, TX})
    void shouldRefuseAnIdReturnedTwice(final int ring) {
        connect(false);
        send(3);
        for (int i = 0; i < 2; i++) {
            UnsafeApi.putShort(backEnd.guest(UnsafeApi.getLong(at(ring, i))) + 10, (short) 1);
        }
        final int id = id(ring, 0);
        use(ring, 1, id, 100, USED);
        use(ring, 0, id, 100, USED);
        assertSentAway("used-id-idle");
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 59})
    void shouldRefuseABatchThatEndsBehindWhatIsInFlight(final int id) {
        connect(true);
        send(3);
        use(TX, 0, id, 0, USED);
        assertSentAway("used-order");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 0xffff})
    void shouldRefuseAnImpossibleNumberOfBuffers(final int buffers) {
        connect(false);
        UnsafeApi.putShort(backEnd.guest(UnsafeApi.getLong(at(RX, 0))) + 10, (short) buffers);
        use(RX, 1, id(RX, 1), 100, USED);
        use(RX, 0, id(RX, 0), 100, USED);
        assertSentAway("buffer-count");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 11, 12, 25, 1741, 0x7fffffff, 0x80000000, 0xffffffff})
    void shouldDropAPacketOfImpossibleLength(final int length) {
        connect(false);
        receive(0, length);
        assertEquals(0, host.in.size());
        assertEquals(1, host.counter("rx0/drop/bad-length"));
        receive(1, 12 + 60);
        assertEquals(1, host.in.size());
    }

    private void receive(final int position, final int length) {
        final long header = backEnd.guest(UnsafeApi.getLong(at(RX, position)));
        UnsafeApi.putShort(header, (short) 0);
        UnsafeApi.putShort(header + 10, (short) 1);
        use(RX, position, id(RX, position), length, USED);
        host.poll();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, PackedRing.AVAIL, PackedRing.USED})
    void shouldTakeNothingThatIsNotUsedInThisRound(final int flags) {
        connect(false);
        use(RX, 0, id(RX, 0), 100, flags);
        host.poll();
        assertEquals(0, host.in.size());
        assertEquals(0, host.counter("rx0/packets"));
        assertEquals(LinkState.UP, host.port.link());
    }

    @Test
    void shouldSurviveABackEndThatScribblesOverTheWholeRing() {
        connect(false);
        for (int seed = 1; seed <= 20; seed++) {
            send(32);
            final Random random = new Random(seed);
            for (int round = 0; round < 50 && host.port.link() == LinkState.UP; round++) {
                for (int ring = RX; ring <= TX; ring++) {
                    for (int i = 0; i < SIZE; i++) {
                        use(ring, i, random.nextInt(4) == 0 ? random.nextInt(1 << 16) : random.nextInt(SIZE),
                            random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(2000),
                            random.nextInt(4) == 0 ? random.nextInt(1 << 16) : USED);
                    }
                }
                host.poll();
                host.in.freeAll();
            }
            backEnd.hangUp();
            Await.until("link down", () -> {
                host.poll();
                return host.port.link() == LinkState.DOWN;
            });
            awaitSession();
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.PortSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** When a driver is called for packets, and when that is put off. */
class CallsTest {
    private static final long EVENT_INDEX = RingFixture.MODERN | Features.VIRTIO_F_EVENT_IDX;

    /** A ring whose worker has called once, because it took it over. */
    private static RingFixture ring(final long features, final int packets, final long ns) {
        final RingFixture ring = new RingFixture(64, features, true, new Coalescing(packets, ns));
        ring.tx.transmit(ring.burst);
        ring.call.drain();
        return ring;
    }

    private static void send(final RingFixture ring, final int packets) {
        for (int i = 0; i < packets; i++) {
            ring.guest.desc(i, ring.guest.buffer(i), 200, DeviceRing.WRITE, 0);
            ring.guest.avail(i);
            ring.add(60, i);
        }
        assertEquals(packets, ring.tx.transmit(ring.burst));
    }

    @Test
    void shouldCountCallsAndThoseThatTheDriverDidNotWant() {
        try (RingFixture ring = new RingFixture(16, RingFixture.MODERN)) {
            send(ring, 3);
            ring.guest.availFlags(1);
            send(ring, 3);
            send(ring, 1);
            // Nothing to tell, nothing to count.
            ring.tx.transmit(ring.burst);
            assertEquals(1, ring.count("tx/calls"));
            assertEquals(2, ring.count("tx/calls-suppressed"));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {RingFixture.MODERN, EVENT_INDEX})
    void shouldCallOnceForSoManyPackets(final long features) {
        try (RingFixture ring = ring(features, 8, Long.MAX_VALUE)) {
            for (int i = 0; i < 7; i++) {
                send(ring, 1);
                assertEquals(i + 1, ring.guest.usedIndex(), "visible to a driver that polls");
            }
            assertEquals(0, ring.call.drain());
            send(ring, 1);
            assertEquals(1, ring.call.drain());
            send(ring, 7);
            assertEquals(0, ring.call.drain());
            // The driver looks at 8 and wants to hear of the next.
            ring.guest.usedEvent(8);
            send(ring, 4);
            assertEquals(1, ring.call.drain());
        }
    }

    @Test
    void shouldCallOnceTheTimeHasPassedThoughNothingFollows() {
        try (RingFixture ring = ring(RingFixture.MODERN, 1000, 2_000_000)) {
            send(ring, 3);
            Await.until("a call", () -> {
                ring.tx.transmit(ring.burst);
                return ring.count("tx/calls") == 1;
            });
            assertEquals(1, ring.call.drain());
        }
    }

    @Test
    void shouldPutNothingOffWhenTheWorkerSleepsOrLeaves() {
        try (RingFixture ring = ring(RingFixture.MODERN, 1000, Long.MAX_VALUE)) {
            ring.tx.flush();
            assertEquals(0, ring.call.drain());
            send(ring, 1);
            ring.tx.flush();
            assertEquals(1, ring.call.drain());
            send(ring, 1);
            ring.tx.release();
            assertEquals(1, ring.call.drain());
        }
    }

    @Test
    void shouldCallForWhatWasSentBeforeTheQueueWasDisabled() {
        try (RingFixture ring = ring(RingFixture.MODERN, 1000, 1)) {
            ring.slot.enabled(false);
            ring.tx.transmit(ring.burst);
            assertEquals(0, ring.call.drain());
            ring.slot.enabled(true);
            send(ring, 1);
            ring.slot.enabled(false);
            ring.tx.transmit(ring.burst);
            assertEquals(1, ring.call.drain());
        }
    }

    @Test
    void shouldOweNothingOnceTheRingWasTakenBack() {
        try (RingFixture ring = ring(RingFixture.MODERN, 1000, Long.MAX_VALUE)) {
            send(ring, 1);
            assertTrue(!ring.slot.recall());
            ring.tx.transmit(ring.burst);
            assertTrue(ring.slot.recall());
            ring.tx.flush();
            assertEquals(0, ring.call.drain());
            ring.slot.offer(ring.guest.setup(RingFixture.MODERN));
            ring.tx.transmit(ring.burst);
            assertEquals(1, ring.call.drain(), "whoever takes a ring over calls");
        }
    }

    @Test
    void shouldGiveUpARingWhoseMemoryIsGoneBeforeItsCall() {
        try (RingFixture ring =
            new RingFixture(64, RingFixture.MODERN, false, new Coalescing(1000, Long.MAX_VALUE))) {
            send(ring, 1);
            ring.guest.truncateAll();
            ring.tx.flush();
            assertEquals(RejectReason.MEMORY_FAULT, ring.broken.get(0));
        }
    }

    @Test
    void shouldCountHowPacketsLay() {
        try (RingFixture ring = new RingFixture(64, RingFixture.MODERN | Features.VIRTIO_F_INDIRECT_DESC
            | Features.VIRTIO_NET_F_MRG_RXBUF)) {
            send(ring, 1);
            assertEquals(0, ring.count("tx/chains"));
            ring.guest.tableEntry(ring.guest.buffer(40), 0, ring.guest.buffer(0), 2048, DeviceRing.WRITE, 0);
            ring.guest.desc(0, ring.guest.buffer(40), 16, DeviceRing.INDIRECT, 0);
            ring.guest.desc(1, ring.guest.buffer(1), 100, DeviceRing.WRITE, 0);
            ring.guest.desc(2, ring.guest.buffer(2), 100, DeviceRing.WRITE, 0);
            ring.guest.avail(0, 1, 2);
            ring.add(60, 0);
            ring.add(150, 0);
            assertEquals(2, ring.tx.transmit(ring.burst));
            assertEquals(2, ring.count("tx/chains"));
            assertEquals(1, ring.count("tx/indirect"));
            assertEquals(1, ring.count("tx/merged"));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.VIRTIO_F_EVENT_IDX})
    void shouldCallOnceForSoManyPacketsOfAPackedRing(final long features) {
        try (PackedFixture ring = new PackedFixture(new PackedGuest(20), features, true,
            new Coalescing(8, Long.MAX_VALUE))) {
            ring.tx.transmit(ring.burst);
            ring.call.drain();
            for (int packet = 1; packet <= 64; packet++) {
                ring.guest.add(ring.guest.buffer(packet), 200, 3, DeviceRing.WRITE);
                ring.add(60, packet);
                assertEquals(1, ring.tx.transmit(ring.burst));
                assertEquals(3, ring.guest.used());
                ring.guest.takeUsed(3);
                assertEquals(packet % 8 == 0 ? 1 : 0, ring.call.drain(), "packet " + packet);
            }
            assertEquals(8, ring.count("tx/calls"));
        }
    }

    @Test
    void shouldReadItFromACommandLine() {
        final VhostUser port =
            (VhostUser) new VhostUserType().driver(PortSpec.parse("vhost-user:/x.sock,coalesce=32/50"));
        assertEquals(new Coalescing(32, 50_000), port.queues(2).mtu(1500).name("y").coalescing());
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1025, 1", "1, 0", "1, 100001"})
    void shouldRefuseWhatCannotBe(final int packets, final int micros) {
        final String sentence = assertThrows(ConfigurationException.class,
            () -> VhostUser.listen("/x.sock").coalesce(packets, micros)).getMessage();
        assertTrue(sentence.contains("1 to 1024 packets and 1 to 100000 microseconds"), sentence);
        assertThrows(ConfigurationException.class,
            () -> new VhostUserType().driver(PortSpec.parse("vhost-user:/x.sock,coalesce=x")));
    }
}

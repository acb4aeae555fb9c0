/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.DropReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** From the last inbox to the queues of a port. */
class TransmitTest {
    private final Dataplane dataplane = Dataplane.builder().frames(512).jumboFrames(0).build();
    private final MemoryPort in = (MemoryPort) dataplane.open(MemoryPort.driver("in"));
    private final MemoryPort out = (MemoryPort) dataplane.open(MemoryPort.driver("out", 4));

    @AfterEach
    void close() {
        dataplane.close();
    }

    private void injectFlows(final int flows, final int packetsOfEach) {
        for (int n = 0; n < packetsOfEach; n++) {
            for (int flow = 0; flow < flows; flow++) {
                in.inject(Packets.udp(1000 + flow, 0));
            }
        }
    }

    private static int flow(final byte[] packet) {
        return ByteBuffer.wrap(packet).getShort(34);
    }

    private int awaitTaken(final int queue, final int n) {
        Until.isTrue(() -> out.line(queue).out.size() >= n, () -> out.line(queue).out.size() + " of " + n);
        return out.line(queue).out.size();
    }

    @Test
    void shouldKeepEachFlowOnOneQueueAndUseSeveral() {
        injectFlows(64, 5);
        dataplane.start(new Graph().from(in).to(out).from(out).to(in));
        Until.isTrue(() -> out.line(0).out.size() + out.line(1).out.size() + out.line(2).out.size()
            + out.line(3).out.size() == 320, () -> "not all came");
        final Map<Integer, Integer> queueOf = new HashMap<>();
        for (int q = 0; q < 4; q++) {
            final List<byte[]> packets = out.taken(q);
            assertTrue(packets.size() > 20, "queue " + q + " has only " + packets.size());
            for (final byte[] packet : packets) {
                final Integer other = queueOf.putIfAbsent(flow(packet), q);
                assertTrue(other == null || other == q, "flow " + flow(packet) + " on queues " + other + " and " + q);
            }
        }
        assertEquals(64, queueOf.size());
    }

    @Test
    void shouldUseTheOnlyReadyQueue() {
        for (int q = 0; q < 4; q++) {
            out.line(q).isReady = q == 2;
        }
        injectFlows(64, 1);
        dataplane.start(new Graph().from(in).to(out).from(out).to(in));
        assertEquals(64, awaitTaken(2, 64));
    }

    @Test
    void shouldLeaveItToTheFirstQueueToDropWhenNoneIsReady() {
        for (int q = 0; q < 4; q++) {
            out.line(q).isReady = false;
        }
        injectFlows(64, 1);
        dataplane.start(new Graph().from(in).to(out).from(out).to(in));
        assertEquals(64, awaitTaken(0, 64));
    }

    @Test
    void shouldUseTheQueueThatWasNamed() {
        injectFlows(64, 1);
        dataplane.start(new Graph().from(in).to(out, 3).from(out).to(in));
        assertEquals(64, awaitTaken(3, 64));
    }

    @Test
    void shouldServeWiresToAllQueuesAndToOneTogether() {
        injectFlows(64, 1);
        final TestNodes.Copy copy = new TestNodes.Copy();
        dataplane.start(new Graph().from(in).to(copy).from(copy.original).to(out).from(copy.copy).to(out, 1)
            .from(out).to(in));
        Until.isTrue(() -> out.line(0).out.size() + out.line(1).out.size() + out.line(2).out.size()
            + out.line(3).out.size() == 128, () -> "not all came");
        assertTrue(out.line(1).out.size() > 64);
    }

    @Test
    void shouldDropAndCountWhatDoesNotFit() {
        out.line(3).room.set(10);
        injectFlows(64, 1);
        dataplane.start(new Graph().from(in).to(out, 3).from(out).to(in));
        Until.isTrue(() -> out.line(3).drops("tx", DropReason.RING_FULL) == 54,
            () -> out.line(3).drops("tx", DropReason.RING_FULL) + " dropped");
        assertEquals(10, out.line(3).out.size());
    }

    @Test
    void shouldDropByNameWhatNoWireReads() {
        out.inject(1, Packets.udp(1, 0));
        dataplane.start(new Graph().from(in).to(out).from(out, 0).to(in));
        Until.isTrue(() -> out.line(1).drops("rx", Drops.UNREAD) == 1, () -> "not dropped");
    }

    @Test
    void shouldCallIdleTransmitQueuesNowAndThen() {
        dataplane.start(new Graph().from(in).to(out).from(out).to(in));
        for (int q = 0; q < 4; q++) {
            final int queue = q;
            Until.isTrue(() -> out.line(queue).transmits.get() > 5, () -> "queue " + queue + " is forgotten");
        }
    }
}

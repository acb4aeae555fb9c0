/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Nodes and drivers that throw cost the packets they had, and nothing else. Missing frames would fail the close. */
class FaultTest {
    private final Dataplane dataplane = Dataplane.builder().frames(128).jumboFrames(0).build();
    private final MemoryPort a = (MemoryPort) dataplane.open(MemoryPort.driver("a"));
    private final MemoryPort b = (MemoryPort) dataplane.open(MemoryPort.driver("b"));

    @AfterEach
    void close() {
        dataplane.close();
    }

    private void inject(final int from, final int to) {
        for (int i = from; i < to; i++) {
            a.inject(Packets.ethernet(Packets.B, Packets.A, i));
        }
    }

    private void awaitCounter(final String name, final long value) {
        Until.isTrue(() -> dataplane.counters().snapshot().getOrDefault(name, 0L) == value,
            () -> name + " is not " + value + ": " + dataplane.counters().snapshot());
    }

    private void startWith(final TestNodes.Custom node) {
        dataplane.start(new Graph().from(a).to(node).from(node.out).to(b).from(b).to(a));
    }

    /** A node that sends packets on and throws at the one numbered 5. */
    private static TestNodes.Custom throwingAtFive(final Throwable fault) {
        final TestNodes.Custom[] self = new TestNodes.Custom[1];
        self[0] = new TestNodes.Custom((burst, i) -> {
            if (burst.length(i) > 0 && number(burst, i) == 5) {
                Faults.raise(fault);
            }
            self[0].out.emit(burst, i);
        });
        return self[0];
    }

    private static int number(final Burst burst, final int i) {
        return Integer.reverseBytes(org.agrona.UnsafeApi.getInt(burst.address(i) + 14));
    }

    @Test
    void shouldLoseOnlyTheRestOfTheBurstInWhichANodeThrows() {
        inject(0, 10);
        startWith(throwingAtFive(new IllegalStateException("five")));
        assertEquals(5, b.await(5).size());
        awaitCounter("node/custom/drop/fault", 5);
        inject(10, 20);
        assertEquals(10, Packets.number(b.await(10).get(0)));
    }

    @Test
    void shouldSurviveErrorsToo() {
        inject(0, 10);
        startWith(throwingAtFive(new AssertionError("five")));
        b.await(5);
        awaitCounter("node/custom/drop/fault", 5);
        inject(10, 20);
        b.await(10);
    }

    @Test
    void shouldCatchANodeThatLosesPackets() {
        inject(0, 3);
        startWith(new TestNodes.Custom((burst, i) -> { }));
        awaitCounter("node/custom/drop/fault", 3);
    }

    @Test
    void shouldCatchANodeThatEmitsAPacketTwice() {
        inject(0, 3);
        final TestNodes.Custom[] self = new TestNodes.Custom[1];
        self[0] = new TestNodes.Custom((burst, i) -> {
            self[0].out.emit(burst, i);
            self[0].out.emit(burst, i);
        });
        startWith(self[0]);
        assertEquals(0, Packets.number(b.await(1).get(0)));
        awaitCounter("node/custom/drop/fault", 2);
    }

    @Test
    void shouldCatchANodeThatCopiesAPacketTooOften() {
        inject(0, 32);
        final TestNodes.Custom[] self = new TestNodes.Custom[1];
        self[0] = new TestNodes.Custom((burst, i) -> {
            self[0].out.emitCopy(burst, i);
            self[0].out.emitCopy(burst, i);
            burst.free(i);
        });
        startWith(self[0]);
        assertEquals(32, b.await(32).size());
        awaitCounter("node/custom/drop/fault", 16);
    }

    @Test
    void shouldReportEachKindOfFaultOnce() {
        final PrintStream before = System.err;
        final ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true));
        try {
            startWith(new TestNodes.Custom((burst, i) -> {
                throw new IllegalArgumentException("kind one");
            }));
            for (int i = 0; i < 5; i++) {
                inject(i, i + 1);
                final long polls = a.line(0).polls.get();
                Until.isTrue(() -> a.line(0).in.isEmpty() && a.line(0).polls.get() > polls + 2, () -> "not polled");
            }
        } finally {
            System.setErr(before);
        }
        final String text = log.toString();
        assertEquals(text.indexOf("node custom failed"), text.lastIndexOf("node custom failed"), text);
        assertTrue(text.contains("kind one"), text);
    }

    @Test
    void shouldSurviveADriverThatThrowsWhenItReceives() {
        a.line(0).rxFault = new IllegalStateException("receive");
        inject(0, 5);
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        awaitCounter("port/a/rx0/drop/fault", 5);
        b.inject(Packets.ethernet(Packets.B, Packets.A, 7));
        a.await(1);
        a.line(0).rxFault = null;
        inject(5, 10);
        assertEquals(5, Packets.number(b.await(5).get(0)));
    }

    @Test
    void shouldSurviveADriverThatThrowsWhenItTransmits() {
        b.line(0).txFault = new AssertionError("transmit");
        inject(0, 5);
        dataplane.start(new Graph().from(a).to(b).from(b).to(a));
        awaitCounter("port/b/tx0/drop/fault", 5);
        b.line(0).txFault = null;
        inject(5, 10);
        assertEquals(5, Packets.number(b.await(5).get(0)));
    }

    @Test
    void shouldSurviveATickThatThrows() {
        final Node node = new Node() {
            private final Output out = output("out");

            @Override
            protected void process(final Burst burst) {
                out.emitAll(burst);
            }

            @Override
            protected void onTick(final long nowNs) {
                counter("ticks").increment();
                throw new IllegalStateException("tick");
            }
        };
        dataplane.start(new Graph().from(a).to(node).from(node.outputs().iterator().next()).to(b).from(b).to(a));
        Until.isTrue(() -> dataplane.counters().snapshot().getOrDefault("node/node/ticks", 0L) > 1, () -> "no ticks");
        inject(0, 1);
        b.await(1);
    }

    @Test
    void shouldShutOutANodeThatThrowsAgainAndAgain() {
        final TestNodes.Custom node = new TestNodes.Custom((burst, i) -> {
            throw new IllegalStateException("always");
        });
        startWith(node);
        for (int fault = 1; fault <= Quarantine.MOST_FAULTS; fault++) {
            assertFalse(node.isQuarantined());
            inject(0, 1);
            awaitCounter("node/custom/drop/fault", fault);
        }
        Until.isTrue(node::isQuarantined, () -> "not shut out");
        assertTrue(dataplane.view().nodes().get(0).isQuarantined());
        inject(0, 10);
        awaitCounter("node/custom/drop/quarantined", 10);
        b.inject(Packets.ethernet(Packets.A, Packets.B, 1));
        a.await(1);
        node.readmit();
        inject(0, 1);
        awaitCounter("node/custom/drop/fault", Quarantine.MOST_FAULTS + 1);
        assertFalse(node.isQuarantined());
    }

    @Test
    void shouldForgiveAFaultNowAndThen() {
        final Quarantine quarantine = new Quarantine();
        for (int round = 0; round < 10 * Quarantine.MOST_FAULTS; round++) {
            assertFalse(quarantine.onFault());
            for (int i = 0; i < Quarantine.FORGIVEN_AFTER; i++) {
                quarantine.onSuccess();
            }
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

/**
 * A {@link Reader} in a {@link Ring} of four slots whose worker comes round while it reads, or lets it in, or forgets
 * it: whatever it gets is whole and newer than what it got before. Every byte of packet n is n.
 */
public class ReaderStress {
    private static final int SLOTS = 4;
    private static final int SNAP = 64;
    private static final int PACKETS = 5;
    private static final int TORN = -1;
    private static final Wires WIRES = new Wires();
    // What is counted is for other tests: all samples at once count here.
    private static final Counters.Scope SCOPE = Counters.inMemory().scope("stress");
    private static final Burst[] BURSTS = bursts();

    private static Burst[] bursts() {
        final FrameCache frames = FramePool.create(PACKETS + 1, 0).cache("stress");
        final Burst[] bursts = new Burst[PACKETS + 1];
        for (int n = 0; n < bursts.length; n++) {
            bursts[n] = new Burst(frames, 1);
            bursts[n].add(frames.allocate(), SNAP, 0);
            UnsafeApi.setMemory(bursts[n].address(0), SNAP, (byte) n);
        }
        return bursts;
    }

    /** One worker and one subscriber. */
    private static final class Pair {
        final Ring ring = new Ring(SLOTS, SNAP, WIRES, SCOPE.counter("packets"));
        final WireProbe probe = new WireProbe(ring, 0, 0, null);
        final Reader reader = new Reader(ring, SNAP, WIRES, SCOPE.counter("lost"));

        void publish(final int first, final int last) {
            for (int n = first; n <= last; n++) {
                probe.observe(BURSTS[n]);
            }
        }

        /** The number of the next packet, 0 if there is none. */
        int next() {
            if (!reader.hasNext()) {
                return 0;
            }
            final PacketCopy copy = reader.next();
            for (int at = 1; at < SNAP; at++) {
                if (copy.byteAt(at) != copy.byteAt(0)) {
                    return TORN;
                }
            }
            return copy.byteAt(0);
        }

        /** The last packet, if all that were left came in order behind {@code before}, else {@link #TORN}. */
        int last(final int before) {
            int last = before;
            for (int next = next(); next != 0; next = next()) {
                if (next <= last) {
                    return TORN;
                }
                last = next;
            }
            return last;
        }
    }

    /** The worker needs the slot that the reader is copying. */
    @JCStressTest
    @Outcome(id = "1, 5", expect = ACCEPTABLE, desc = "it was quick enough")
    @Outcome(id = {"2, 5", "3, 5", "4, 5", "5, 5"}, expect = ACCEPTABLE, desc = "it was moved on")
    @Outcome(expect = FORBIDDEN, desc = "a copy is torn, came twice, or the last one is missing")
    @State
    public static class Round {
        private final Pair pair = new Pair();

        /** Lets the reader in. */
        public Round() {
            pair.ring.add(pair.reader);
            pair.publish(1, 1);
        }

        /** Comes round once. */
        @Actor
        public void worker() {
            pair.publish(2, PACKETS);
        }

        /** Reads one. */
        @Actor
        public void subscriber(final II_Result result) {
            result.r1 = pair.next();
        }

        /** Reads the rest. */
        @Arbiter
        public void rest(final II_Result result) {
            result.r2 = pair.last(result.r1);
        }
    }

    /** The reader joins a worker that has come round. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "it came too late for any packet")
    @Outcome(id = {"0, 5", "1, 5", "2, 5", "3, 5", "4, 5", "5, 5"}, expect = ACCEPTABLE, desc = "it was let in")
    @Outcome(expect = FORBIDDEN, desc = "a copy is torn, came twice, or the last one is missing")
    @State
    public static class Join {
        private final Pair pair = new Pair();

        /** Has another reader, so that the worker publishes. */
        public Join() {
            pair.ring.add(new Reader(pair.ring, SNAP, WIRES, SCOPE.counter("lost")));
            pair.publish(0, PACKETS);
        }

        /** Comes round once more. */
        @Actor
        public void worker() {
            pair.publish(1, PACKETS);
        }

        /** Joins and reads one. */
        @Actor
        public void subscriber(final II_Result result) {
            pair.ring.add(pair.reader);
            result.r1 = pair.next();
        }

        /** Reads the rest. */
        @Arbiter
        public void rest(final II_Result result) {
            result.r2 = pair.last(result.r1);
        }
    }

    /** The reader is closed while it copies, and the worker, which no longer cares for it, comes round. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "it had its copy before")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "its copy was discarded")
    @Outcome(expect = FORBIDDEN, desc = "a copy is torn, or came after the end")
    @State
    public static class Close {
        private final Pair pair = new Pair();

        /** Lets the reader in, and another one, so that the worker publishes. */
        public Close() {
            pair.ring.add(pair.reader);
            pair.ring.add(new Reader(pair.ring, SNAP, WIRES, SCOPE.counter("lost")));
            pair.publish(1, 1);
        }

        /** Closes the reader and comes round once. */
        @Actor
        public void worker() {
            pair.reader.close();
            pair.publish(2, PACKETS);
        }

        /** Reads one. */
        @Actor
        public void subscriber(final II_Result result) {
            result.r1 = pair.next();
        }

        /** Finds nothing more. */
        @Arbiter
        public void rest(final II_Result result) {
            result.r2 = pair.last(result.r1);
        }
    }
}

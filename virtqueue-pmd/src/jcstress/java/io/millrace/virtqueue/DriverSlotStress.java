/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

/**
 * A {@link DriverSlot} between the control loop and a worker: never do both have the ring, and who has it sees all
 * buffers that the other posted on it. The buffers in flight are a plain field of the ring, so that only the slot
 * orders what both do to it.
 */
public class DriverSlotStress {
    private static final int RING = 2;
    private static final FramePool POOL = FramePool.create(1, 0);
    // No frame is ever taken: posted buffers are numbers here, and what is freed goes nowhere.
    private static final FrameCache OF_WORKER = POOL.cache("worker");
    private static final FrameCache OF_CONTROL = POOL.cache("control");
    // All rings in the same memory: what a back-end sees of them does not matter here.
    private static final DriverMemory MEMORY = new DriverMemory(POOL, 1, RING, "stress");

    private static DriverRing ring() {
        return DriverRing.of(MEMORY, 0, RING, Features.VIRTIO_F_VERSION_1, -1, null);
    }

    private static void post(final DriverRing ring) {
        ring.post(0, 0, 64, 0);
    }

    /** Offered, and recalled while a worker comes, works and goes. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "recalled before the worker came")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "recalled after the worker went")
    @Outcome(id = "1, -1", expect = ACCEPTABLE, desc = "the worker has it: ask again")
    @Outcome(expect = FORBIDDEN, desc = "both had it, or a buffer in flight is forgotten")
    @State
    public static class Release {
        private final DriverSlot slot = new DriverSlot(null);
        private final DriverRing ring = ring();

        /** It is offered. */
        public Release() {
            slot.offer(ring);
        }

        /** Comes, posts, goes. */
        @Actor
        public void worker(final II_Result result) {
            final DriverRing adopted = slot.attend(OF_WORKER);
            if (adopted != null) {
                post(adopted);
                slot.release();
                result.r1 = 1;
            }
        }

        /** Asks for it once. */
        @Actor
        public void control(final II_Result result) {
            result.r2 = slot.recall(OF_CONTROL) ? ring.inFlight() : -1;
        }
    }

    /** Recalled from a worker that polls on. */
    @JCStressTest
    @Outcome(id = "1, -1", expect = ACCEPTABLE, desc = "the worker may use it once more: ask again")
    @Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "the worker gave it up after it was asked for")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the worker gave it up")
    @Outcome(expect = FORBIDDEN, desc = "both had it")
    @State
    public static class Poll {
        private final DriverSlot slot = new DriverSlot(null);
        private final DriverRing ring = ring();

        /** The worker has it. */
        public Poll() {
            slot.offer(ring);
            slot.attend(OF_WORKER);
        }

        /** Polls once, as queues do. */
        @Actor
        public void worker(final II_Result result) {
            if (slot.isHeld()) {
                post(ring);
                result.r1 = 1;
            } else if (slot.attend(OF_WORKER) != null) {
                result.r1 = 2;
            }
        }

        /** Asks for it once. */
        @Actor
        public void control(final II_Result result) {
            result.r2 = slot.recall(OF_CONTROL) ? ring.inFlight() : -1;
        }
    }

    /** The worker gives up a broken ring while the control loop recalls it and, if it can, offers the next. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "asked too early: the slot is vacant now")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the next ring is there")
    @Outcome(expect = FORBIDDEN, desc = "the next ring is lost, or the broken one came back")
    @State
    public static class Abandon {
        private final DriverSlot slot = new DriverSlot(null);
        private final DriverRing next = ring();

        /** The worker has one with a buffer in flight. */
        public Abandon() {
            slot.offer(ring());
            post(slot.attend(OF_WORKER));
        }

        /** Gives up. */
        @Actor
        public void worker() {
            slot.abandon(OF_WORKER);
        }

        /** Recalls and offers. */
        @Actor
        public void control(final II_Result result) {
            if (slot.recall(OF_CONTROL)) {
                slot.offer(next);
                result.r1 = 1;
            }
        }

        /** Looks for the next one. */
        @Arbiter
        public void look(final II_Result result) {
            result.r2 = slot.attend(OF_WORKER) == next ? 1 : 0;
        }
    }
}

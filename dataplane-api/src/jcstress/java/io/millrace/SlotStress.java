/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

/**
 * A {@link Slot} between the control loop and a worker: never do both have what is in it, and each sees what the other
 * wrote to it before.
 */
public class SlotStress {
    private static final int WRITTEN = 42;

    /** What is handed over; a plain field, so that only the slot orders what both do to it. */
    private static final class Thing {
        private int value;
    }

    /** Offered, and adopted at the same time. */
    @JCStressTest
    @Outcome(id = {"-1", "42"}, expect = ACCEPTABLE, desc = "not there yet, or all of it")
    @Outcome(expect = FORBIDDEN, desc = "adopted before it was finished")
    @State
    public static class Offer {
        private final Slot<Thing> slot = new Slot<>();

        /** Offers it. */
        @Actor
        public void control() {
            final Thing thing = new Thing();
            thing.value = WRITTEN;
            slot.offer(thing);
        }

        /** Polls once. */
        @Actor
        public void worker(final I_Result result) {
            final Thing adopted = slot.attend();
            result.r1 = adopted == null ? -1 : adopted.value;
        }
    }

    /** Offered, and recalled while a worker comes, works and goes. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "recalled before the worker came")
    @Outcome(id = "1, 42", expect = ACCEPTABLE, desc = "recalled after the worker went")
    @Outcome(id = "1, -1", expect = ACCEPTABLE, desc = "the worker has it: ask again")
    @Outcome(expect = FORBIDDEN, desc = "both had it, or what the worker wrote is not there")
    @State
    public static class Recall {
        private final Slot<Thing> slot = new Slot<>();
        private final Thing thing = new Thing();

        /** It is offered. */
        public Recall() {
            slot.offer(thing);
        }

        /** Adopts it, writes, leaves it for the next worker. */
        @Actor
        public void worker(final II_Result result) {
            final Thing adopted = slot.attend();
            if (adopted != null) {
                adopted.value = WRITTEN;
                slot.release();
                result.r1 = 1;
            }
        }

        /** Asks for it once. */
        @Actor
        public void control(final II_Result result) {
            result.r2 = slot.recall() ? thing.value : -1;
        }
    }

    /** Recalled from a worker that polls on. */
    @JCStressTest
    @Outcome(id = "1, -1", expect = ACCEPTABLE, desc = "the worker may use it once more: ask again")
    @Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "the worker gave it back after it was asked for")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the worker gave it back")
    @Outcome(expect = FORBIDDEN, desc = "both had it")
    @State
    public static class Poll {
        private final Slot<Thing> slot = new Slot<>();
        private final Thing thing = new Thing();

        /** The worker has it. */
        public Poll() {
            slot.offer(thing);
            slot.attend();
        }

        /** Polls once, as queues do. */
        @Actor
        public void worker(final II_Result result) {
            if (slot.isHeld()) {
                thing.value = WRITTEN;
                result.r1 = 1;
            } else if (slot.attend() != null) {
                result.r1 = 2;
            }
        }

        /** Asks for it once. */
        @Actor
        public void control(final II_Result result) {
            result.r2 = slot.recall() ? thing.value : -1;
        }
    }

    /** Recalled from a worker that stops. */
    @JCStressTest
    @Outcome(id = {"-1, 42", "42, 42"}, expect = ACCEPTABLE, desc = "back, at the first or at a later time of asking")
    @Outcome(expect = FORBIDDEN, desc = "the worker still had it, or it is lost")
    @State
    public static class Release {
        private final Slot<Thing> slot = new Slot<>();
        private final Thing thing = new Thing();

        /** The worker has it. */
        public Release() {
            slot.offer(thing);
            slot.attend();
        }

        /** Writes, and leaves it. */
        @Actor
        public void worker() {
            thing.value = WRITTEN;
            slot.release();
        }

        /** Asks for it once. */
        @Actor
        public void control(final II_Result result) {
            result.r1 = slot.recall() ? thing.value : -1;
        }

        /** Asks again. */
        @Arbiter
        public void again(final II_Result result) {
            result.r2 = slot.recall() ? thing.value : -1;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

/**
 * Frames that two caches exchange through a {@link Depot}: no frame comes out twice, none is lost. The frames are 1, 2
 * and 4, so that a sum says which ones.
 */
public class DepotStress {
    private static int take(final Depot depot, final int[] stack) {
        int sum = 0;
        for (int n = depot.take(stack, 0); n > 0; n--) {
            sum += stack[n - 1];
        }
        return sum;
    }

    /** Two take, one chunk each. */
    @JCStressTest
    @Outcome(id = {"3, 4", "4, 3"}, expect = ACCEPTABLE, desc = "each has one of both chunks")
    @Outcome(expect = FORBIDDEN, desc = "a frame came out twice, or not at all")
    @State
    public static class Take {
        private final Depot depot = new Depot(3, 2);

        /** Has a full chunk and half a one. */
        public Take() {
            depot.give(new int[] {1, 2}, 2);
            depot.give(new int[] {4}, 1);
        }

        /** One takes. */
        @Actor
        public void one(final II_Result result) {
            result.r1 = take(depot, new int[2]);
        }

        /** Another takes. */
        @Actor
        public void other(final II_Result result) {
            result.r2 = take(depot, new int[2]);
        }
    }

    /** One gives while another takes. */
    @JCStressTest
    @Outcome(id = {"3, 0, 0", "0, 3, 0"}, expect = ACCEPTABLE, desc = "all frames, now or later")
    @Outcome(expect = FORBIDDEN, desc = "a frame is lost, or is counted and not there")
    @State
    public static class GiveAndTake {
        private final Depot depot = new Depot(3, 2);

        /** Gives a chunk. */
        @Actor
        public void giver() {
            depot.give(new int[] {1, 2}, 2);
        }

        /** Takes what is there. */
        @Actor
        public void taker(final III_Result result) {
            result.r1 = take(depot, new int[2]);
        }

        /** Takes the rest. */
        @Arbiter
        public void rest(final III_Result result) {
            result.r2 = take(depot, new int[2]);
            result.r3 = depot.size();
        }
    }

    /** Two take and give back: chunks are used again while others read them. */
    @JCStressTest
    @Outcome(id = "7, 3", expect = ACCEPTABLE, desc = "all frames are back")
    @Outcome(expect = FORBIDDEN, desc = "a frame is there twice, or lost")
    @State
    public static class Exchange {
        private final Depot depot = new Depot(3, 2);

        /** Has a full chunk and half a one. */
        public Exchange() {
            depot.give(new int[] {1, 2}, 2);
            depot.give(new int[] {4}, 1);
        }

        private void exchange() {
            final int[] stack = new int[2];
            final int n = depot.take(stack, 0);
            if (n > 0) {
                depot.give(stack, n);
            }
        }

        /** One exchanges. */
        @Actor
        public void one() {
            exchange();
        }

        /** Another exchanges. */
        @Actor
        public void other() {
            exchange();
        }

        /** Counts. */
        @Arbiter
        public void count(final II_Result result) {
            result.r2 = depot.size();
            result.r1 = take(depot, new int[2]) + take(depot, new int[2]);
        }
    }
}

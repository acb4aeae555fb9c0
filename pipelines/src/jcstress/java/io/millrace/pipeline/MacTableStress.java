/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

/** Workers that share a {@link MacTable} see, move and forget one station at the same moment. */
public class MacTableStress {
    private static final long MAC = 0x0200_0000_0001L;
    private static final long LIFETIME = 100_000_000_000L;

    private static MacTable table() {
        return new MacTable(8, LIFETIME, 0, 100_000_000);
    }

    /** Both see it for the first time, behind different ports: whoever enters it, it is there once. */
    @JCStressTest
    @Outcome(id = {"1, 1", "1, 2"}, expect = ACCEPTABLE, desc = "one entry, of either")
    @Outcome(expect = FORBIDDEN, desc = "no entry, two entries, or a port that nobody saw it behind")
    @State
    public static class Twins {
        private final MacTable table = table();

        /** Sees it behind port 1. */
        @Actor
        public void one() {
            table.learn(MAC, 1);
        }

        /** Sees it behind port 2. */
        @Actor
        public void other() {
            table.learn(MAC, 2);
        }

        /** Looks. */
        @Arbiter
        public void look(final II_Result result) {
            result.r1 = table.size();
            result.r2 = table.lookup(MAC);
        }
    }

    /** It is known; one worker sees it move while the other looks it up twice. */
    @JCStressTest
    @Outcome(id = {"1, 1, 2", "1, 2, 2", "2, 2, 2"}, expect = ACCEPTABLE, desc = "before, then after")
    @Outcome(expect = FORBIDDEN, desc = "unknown in between, or back where it was")
    @State
    public static class Move {
        private final MacTable table = table();

        /** Known behind port 1. */
        public Move() {
            table.learn(MAC, 1);
        }

        /** Sees it behind port 2. */
        @Actor
        public void seer() {
            table.learn(MAC, 2);
        }

        /** Looks twice. */
        @Actor
        public void looker(final III_Result result) {
            result.r1 = table.lookup(MAC);
            result.r2 = table.lookup(MAC);
        }

        /** Looks afterwards. */
        @Arbiter
        public void look(final III_Result result) {
            result.r3 = table.lookup(MAC);
        }
    }

    /** Its port is taken away while it is seen there, and behind another. */
    @JCStressTest
    @Outcome(id = {"1, 2", "0, -1"}, expect = ACCEPTABLE, desc = "moved in time, or entered again, or forgotten")
    @Outcome(expect = FORBIDDEN, desc = "the count and the entries disagree, or it is behind the port that is gone")
    @State
    public static class Clear {
        private final MacTable table = table();

        /** Known behind port 1. */
        public Clear() {
            table.learn(MAC, 1);
        }

        /** Sees it behind port 2. */
        @Actor
        public void seer() {
            table.learn(MAC, 2);
        }

        /** Forgets port 1. */
        @Actor
        public void clearer() {
            table.clear(1);
        }

        /** Looks. */
        @Arbiter
        public void look(final II_Result result) {
            result.r1 = table.size();
            result.r2 = table.lookup(MAC);
        }
    }
}

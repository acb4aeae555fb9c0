/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;

import java.util.List;

/** Nodes that send everything on. Of eight classes, so that the compiler cannot know which one a stage will call. */
final class Hops {
    private Hops() {
    }

    /** The first {@code n} of them, 0 to 8. */
    static List<Hop> first(final int n) {
        return List.<Hop>of(new A(), new B(), new C(), new D(), new E(), new F(), new G(), new H()).subList(0, n);
    }

    /** From a port through all of them and back to it. */
    static Graph chain(final LoopPort loop, final List<Hop> hops) {
        final Graph graph = new Graph();
        Wire last = graph.from(loop);
        for (final Hop hop : hops) {
            last.to(hop);
            last = graph.from(hop.out);
        }
        return last.to(loop);
    }

    /** What they have in common: no call in here depends on the class. */
    abstract static class Hop extends Node {
        final Output out = output("out");
    }

    private static final class A extends Hop {
        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }

    private static final class B extends Hop {
        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }

    private static final class C extends Hop {
        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }

    private static final class D extends Hop {
        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }

    private static final class E extends Hop {
        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }

    private static final class F extends Hop {
        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }

    private static final class G extends Hop {
        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }

    private static final class H extends Hop {
        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }
}

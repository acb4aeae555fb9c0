/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.DropReason;

import java.util.function.ObjIntConsumer;

/** Small nodes for tests. */
final class TestNodes {
    static final DropReason UNWANTED = new DropReason("unwanted", "the test said so");

    private TestNodes() {
    }

    /** One output, everything goes there. */
    static final class Pass extends Node {
        final Output out = output("out");

        @Override
        protected void process(final Burst burst) {
            out.emitAll(burst);
        }
    }

    /** Two outputs in turn. */
    static final class Split extends Node {
        final Output left = output("left");
        final Output right = output("right");

        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                (i % 2 == 0 ? left : right).emit(burst, i);
            }
        }
    }

    /** Every packet by both outputs. */
    static final class Copy extends Node {
        final Output original = output("original");
        final Output copy = output("copy");

        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                copy.emitCopy(burst, i);
                original.emit(burst, i);
            }
        }
    }

    /** What the test says, with one output. */
    static final class Custom extends Node {
        final Output out = output("out");
        final ObjIntConsumer<Burst> each;

        /** Handles packet i of the burst, and leaves the others alone. */
        Custom(final ObjIntConsumer<Burst> each) {
            this.each = each;
        }

        @Override
        protected void process(final Burst burst) {
            for (int i = 0; i < burst.size(); i++) {
                each.accept(burst, i);
            }
        }
    }

    /** Drops everything by name. */
    static final class Drop extends Node {
        @Override
        protected void process(final Burst burst) {
            drops(UNWANTED).dropAll(burst);
        }
    }
}

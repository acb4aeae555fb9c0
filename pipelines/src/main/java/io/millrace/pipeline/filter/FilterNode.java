/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.Burst;
import io.millrace.DropReason;
import io.millrace.pipeline.DropPoint;
import io.millrace.pipeline.Node;
import io.millrace.pipeline.Output;
import io.millrace.pipeline.Worker;

/** Lets packets pass that a {@link PacketFilter} matches, and drops the others, as {@code not-matched}. */
public final class FilterNode extends Node {
    static final DropReason NOT_MATCHED = new DropReason("not-matched", "the filter does not match the packet");

    private final Output out = output("out");
    private final PacketFilter filter;
    private DropPoint notMatched;

    /** A node with one output. */
    public FilterNode(final PacketFilter filter) {
        this.filter = filter;
    }

    /** What passes. */
    public Output out() {
        return out;
    }

    @Override
    public FilterNode named(final String newName) {
        super.named(newName);
        return this;
    }

    @Override
    protected void onStart(final Worker worker) {
        notMatched = drops(NOT_MATCHED);
    }

    @Override
    protected void process(final Burst burst) {
        for (int i = 0; i < burst.size(); i++) {
            if (filter.matches(burst, i)) {
                out.emit(burst, i);
            } else {
                notMatched.drop(burst, i);
            }
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.Burst;
import io.millrace.DropReason;
import io.millrace.packet.Ethernet;
import io.millrace.pipeline.DropPoint;
import io.millrace.pipeline.Node;
import io.millrace.pipeline.Output;
import io.millrace.pipeline.Worker;

/** Lets packets of one EtherType pass and counts the others. The README shows it; a test keeps both equal. */
public final class EtherTypeFilter extends Node {
    private static final DropReason OTHER_TYPE = new DropReason("other-type", "the packet is of another EtherType");

    private final Output out = output("out");
    private final Ethernet ethernet = new Ethernet();
    private final int etherType;
    private DropPoint others;

    /** @param etherType of {@link io.millrace.packet.EtherType}. */
    public EtherTypeFilter(final int etherType) {
        this.etherType = etherType;
    }

    /** What passes. */
    public Output out() {
        return out;
    }

    @Override
    protected void onStart(final Worker worker) {
        others = drops(OTHER_TYPE);
    }

    @Override
    protected void process(final Burst burst) {
        for (int i = 0; i < burst.size(); i++) {
            if (ethernet.wrap(burst, i) && ethernet.type() == etherType) {
                out.emit(burst, i);
            } else {
                others.drop(burst, i);
            }
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.pipeline.NodeSpec;
import io.millrace.pipeline.NodeType;
import io.millrace.pipeline.Output;

/**
 * Makes {@code filter:udp+port+53} a node of the command line; {@code +} stands for a blank, so that the shell needs no
 * quotes. Found by the service loader.
 */
public final class FilterNodeType implements NodeType {
    /** For the service loader. */
    public FilterNodeType() {
    }

    @Override
    public String name() {
        return "filter";
    }

    @Override
    public String usage() {
        return "filter:PCAP+EXPRESSION";
    }

    @Override
    public Output node(final NodeSpec spec) {
        final PacketFilter filter = PacketFilter.compile(spec.target().replace('+', ' '));
        spec.end();
        return new FilterNode(filter).out();
    }
}

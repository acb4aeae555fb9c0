/* SPDX-License-Identifier: Apache-2.0 */
package com.example.acme;

import io.millrace.pipeline.NodeSpec;
import io.millrace.pipeline.NodeType;
import io.millrace.pipeline.Output;

/** Makes {@code ttl} a node of the command line. */
public final class TtlType implements NodeType {
    @Override
    public String name() {
        return "ttl";
    }

    @Override
    public String usage() {
        return "ttl[,hops=N]";
    }

    @Override
    public Output node(final NodeSpec spec) {
        final int hops = spec.number("hops", 1, 255, 1);
        spec.end();
        return new Ttl(hops).out();
    }
}

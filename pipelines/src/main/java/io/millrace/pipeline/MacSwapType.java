/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;

/** Makes {@code mac-swap} a node of the command line. Found by the service loader. */
public final class MacSwapType implements NodeType {
    /** For the service loader. */
    public MacSwapType() {
    }

    @Override
    public String name() {
        return "mac-swap";
    }

    @Override
    public String usage() {
        return "mac-swap";
    }

    @Override
    public Output node(final NodeSpec spec) {
        if (!spec.target().isEmpty()) {
            throw new ConfigurationException("the node \"" + spec + "\" is written without anything behind: mac-swap");
        }
        spec.end();
        return new MacSwap().out();
    }
}

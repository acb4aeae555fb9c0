/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;

/** Makes {@code gro} a node of the command line. Found by the service loader. */
public final class GroType implements NodeType {
    /** For the service loader. */
    public GroType() {
    }

    @Override
    public String name() {
        return "gro";
    }

    @Override
    public String usage() {
        return "gro";
    }

    @Override
    public Output node(final NodeSpec spec) {
        if (!spec.target().isEmpty()) {
            throw new ConfigurationException("the node \"" + spec + "\" is written without anything behind: gro");
        }
        spec.end();
        return new Gro().out();
    }
}

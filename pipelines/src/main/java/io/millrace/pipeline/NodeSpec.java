/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;
import io.millrace.Spec;

/**
 * A node as it is written on a command line: {@code police:10mbit,burst=64000}, or just {@code mac-swap}. Where there
 * is no target, the options may follow the type at once: {@code ttl,by=2}.
 */
public final class NodeSpec extends Spec {
    private NodeSpec(final String text, final String type) {
        super("node", text, type, text.substring(text.startsWith(":", type.length()) ? type.length() + 1
            : type.length()));
    }

    /**
     * Takes a written node apart.
     *
     * @throws ConfigurationException if it is not of that form.
     */
    public static NodeSpec parse(final String text) {
        final String type = text.split("[:,]", 2)[0];
        if (type.isEmpty()) {
            throw new ConfigurationException("the node \"" + text + "\" has no type: write it like police:10mbit");
        }
        return new NodeSpec(text, type);
    }

    /** The type that it names. */
    NodeType nodeType() {
        return find(NodeType.class, NodeType::name);
    }
}

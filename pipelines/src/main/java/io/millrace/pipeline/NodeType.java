/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;

import java.util.ServiceLoader;

/**
 * A kind of node that can be named on a command line ({@code --via}). Found by {@link ServiceLoader}: a third party's
 * jar on the class path adds its own.
 */
public interface NodeType {
    /** What stands before the colon, such as {@code police}. */
    String name();

    /** One line for the help text: the form and the options. */
    String usage();

    /**
     * Makes a node as it is written. Called for every place in a graph, and before that to see whether it makes sense:
     * what a node holds of the system it takes in {@link Node#onStart}.
     *
     * @param spec a new one each time; read it to its {@link NodeSpec#end() end}.
     * @return the output by which packets go on. Outputs that the node may have besides are left unconnected.
     * @throws ConfigurationException if the target or an option makes no sense.
     */
    Output node(NodeSpec spec);

    /**
     * Finds the type of a written node and makes one.
     *
     * @return the output by which packets go on.
     * @throws ConfigurationException if no such type is known, or it refuses.
     */
    static Output parse(final String text) {
        final NodeSpec spec = NodeSpec.parse(text);
        return spec.nodeType().node(spec);
    }
}

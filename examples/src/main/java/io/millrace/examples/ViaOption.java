/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.Via;
import picocli.CommandLine.Option;

import java.util.List;

/** The option of commands that let packets pass nodes of the user's choice. */
final class ViaOption {
    @Option(names = "--via", paramLabel = "NODE", order = 9,
        description = "a node behind each port that packets come from, such as police:10mbit; again for more, in the "
            + "order that packets pass them; millrace --help lists the types")
    private List<String> nodes = List.of();

    /** @throws io.millrace.ConfigurationException naming the first node that cannot be. */
    Via via() {
        return Via.parse(nodes);
    }
}

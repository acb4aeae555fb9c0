/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.PollModeDriver;
import io.millrace.PortType;

import java.util.List;
import java.util.stream.Stream;

/** Ports as the user wrote them. */
final class PortArguments {
    private PortArguments() {
    }

    /**
     * What they describe, in their order. Nothing is opened yet.
     *
     * @throws io.millrace.ConfigurationException naming the first one that cannot be.
     */
    static List<PollModeDriver> drivers(final String... ports) {
        return Stream.of(ports).map(PortType::parse).toList();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import java.util.ServiceLoader;

/**
 * A kind of port that can be named on a command line. Found by {@link ServiceLoader}: a third party's jar on the class
 * path adds its own.
 */
public interface PortType {
    /** What stands before the colon, such as {@code vhost-user}. */
    String name();

    /** One line for the help text: the form and the options. */
    String usage();

    /**
     * Turns a written port into a driver.
     *
     * @throws ConfigurationException if the target or an option makes no sense.
     */
    PollModeDriver driver(PortSpec spec);

    /**
     * Finds the type of a written port and turns it into a driver.
     *
     * @throws ConfigurationException if no such type is known, or it refuses.
     */
    static PollModeDriver parse(final String text) {
        final PortSpec spec = PortSpec.parse(text);
        return spec.portType().driver(spec);
    }
}

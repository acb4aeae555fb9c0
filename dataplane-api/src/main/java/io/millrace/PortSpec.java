/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/** A port as it is written on a command line: {@code vhost-user:/run/vm0.sock,queues=2,client}. */
public final class PortSpec extends Spec {
    private PortSpec(final String text, final int colon) {
        super("port", text, text.substring(0, colon), text.substring(colon + 1));
    }

    /**
     * Takes a written port apart.
     *
     * @throws ConfigurationException if it is not of that form.
     */
    public static PortSpec parse(final String text) {
        final int colon = text.indexOf(':');
        if (colon < 1) {
            throw new ConfigurationException(
                "the port \"" + text + "\" has no type: write it like vhost-user:/run/vm0.sock");
        }
        return new PortSpec(text, colon);
    }

    /** The type that it names. */
    PortType portType() {
        return find(PortType.class, PortType::name);
    }
}

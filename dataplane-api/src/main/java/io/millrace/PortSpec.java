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

    /**
     * The option {@code offloads}: bits of {@link Offload}, as {@code csum+tso4}, {@code none} or {@code all}.
     *
     * @param otherwise what it is if it is not there.
     * @throws ConfigurationException if it is none of these.
     */
    public int offloads(final int otherwise) {
        final String value = option("offloads", null);
        return value == null ? otherwise : Offload.parse("the option offloads of port \"" + this + "\"", value);
    }

    /** The type that it names. */
    PortType portType() {
        return find(PortType.class, PortType::name);
    }
}

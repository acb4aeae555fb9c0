/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/** A port type as a third party might add it; its driver opens nothing. Public for {@link java.util.ServiceLoader}. */
public final class LoopbackType implements PortType {
    /** For {@link java.util.ServiceLoader}. */
    public LoopbackType() {
    }

    /** What was asked for. */
    record Loopback(String target, int queues, String peer, boolean isFast) implements PollModeDriver {
        @Override
        public Port open(final PortContext context) {
            throw new ConfigurationException("a loopback cannot be opened");
        }
    }

    @Override
    public String name() {
        return "loopback";
    }

    @Override
    public String usage() {
        return "loopback:NAME[,queues=N][,peer=NAME][,fast]";
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        final Loopback driver = new Loopback(spec.target(), spec.number("queues", 1, 8, 1), spec.option("peer", "self"),
            spec.flag("fast"));
        spec.end();
        return driver;
    }
}

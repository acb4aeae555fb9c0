/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.packet.EtherType;
import io.millrace.pipeline.NodeSpec;
import io.millrace.pipeline.NodeType;
import io.millrace.pipeline.Output;

/** Makes {@code ether-type:arp} a node of the command line. Found by the service loader. */
public final class EtherTypeFilterType implements NodeType {
    private static final int MAX = 0xFFFF;

    /** For the service loader. */
    public EtherTypeFilterType() {
    }

    @Override
    public String name() {
        return "ether-type";
    }

    @Override
    public String usage() {
        return "ether-type:ip|ip6|arp|0xNNNN";
    }

    @Override
    public Output node(final NodeSpec spec) {
        final int type = switch (spec.target()) {
            case "ip" -> EtherType.IPV4;
            case "ip6" -> EtherType.IPV6;
            case "arp" -> EtherType.ARP;
            default -> number(spec);
        };
        spec.end();
        return new EtherTypeFilter(type).out();
    }

    private static int number(final NodeSpec spec) {
        try {
            final int type = Integer.decode(spec.target());
            if (type >= 0 && type <= MAX) {
                return type;
            }
        } catch (final NumberFormatException e) {
            // Said below.
        }
        throw new ConfigurationException("the node \"" + spec + "\" lets ip, ip6, arp or a type from 0x0000 to 0xffff "
            + "pass, not \"" + spec.target() + "\"");
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.Burst;
import io.millrace.ConfigurationException;

/**
 * Which packets somebody wants to see, in the language of libpcap and tcpdump:
 *
 * <pre>{@code
 *  PacketFilter filter = PacketFilter.compile("vlan 100 and tcp port 80 or 443 and not net 10.0.0.0/8");
 *  if (filter.matches(burst, i)) ...
 * }</pre>
 *
 * <p>It knows {@code host}, {@code net}, {@code port}, {@code portrange}, {@code proto}, {@code ether host},
 * {@code ether proto}, {@code vlan}, {@code ip}, {@code ip6}, {@code arp}, {@code rarp}, {@code tcp}, {@code udp},
 * {@code sctp}, {@code icmp}, {@code icmp6}, {@code less} and {@code greater}, with {@code src} and {@code dst} and a
 * protocol in front where libpcap takes them; {@code not}, {@code and}, {@code or}, {@code !}, {@code &&}, {@code ||}
 * and parentheses. {@code not} binds tightest; {@code and} and {@code or} bind alike, from left to right. A value alone
 * repeats the qualifiers of the one before it. As in libpcap:
 *
 * <ul>
 * <li>What stands behind {@code vlan} in the text looks behind that tag, also in another branch of an {@code or}; what
 *     stands before it, or in a filter without it, sees only packets without tags.
 * <li>Ports of IPv4 are found behind options, and not in fragments but the first; those of IPv6 only where no
 *     extension header comes first. {@code tcp} and its like look behind the fragment header of IPv6, too.
 * <li>A filter that has to read a byte which a packet does not have rejects it, also under a {@code not}. What has to
 *     be read follows from the order of the text; libpcap's optimiser may change that order, tcpdump's {@code -O}
 *     switches it off.
 * </ul>
 *
 * <p>Different from libpcap: names of hosts, nets, ports and protocols other than the above are not looked up;
 * {@code ether proto} takes Ethernet types only, and for AppleTalk no SNAP form of them; numbers with a leading zero
 * are refused instead of read as octal; {@code [ ]} for bytes of a packet is not known. A value can also repeat
 * qualifiers from outside of its parentheses ({@code port 80 or (443 and tcp)}) or from inside of others
 * ({@code (tcp port 80) or 443}), and {@code net 10/8} is understood.
 *
 * <p>Thread safety: immutable and without flyweights; any number of workers may use one filter at the same time.
 */
public final class PacketFilter {
    private final String text;
    private final Step first;

    private PacketFilter(final String text, final Step first) {
        this.text = text;
        this.first = first;
    }

    /**
     * Makes a filter of an expression.
     *
     * @param expression at most 4096 characters, nested at most 100 deep; blank: every packet matches.
     * @throws ConfigurationException naming the place of the first mistake, what should be there, and an example.
     */
    public static PacketFilter compile(final String expression) {
        final Condition condition = new FilterParser(expression).parse();
        return condition == null ? new PacketFilter("", Step.ACCEPT)
            : new PacketFilter(condition.toString(), Step.of(condition, Step.ACCEPT, Step.REJECT));
    }

    /**
     * Whether packet {@code i} is one of those. Reads the packet, nothing beyond its end; does not allocate.
     *
     * @param i 0 to {@code burst.size()} - 1, of a packet that has not left.
     */
    public boolean matches(final Burst burst, final int i) {
        final long address = burst.address(i);
        final int length = burst.length(i);
        Step step = first;
        while (!step.isEnd()) {
            step = step.next(address, length);
        }
        return step == Step.ACCEPT;
    }

    /**
     * The normal form: every qualifier written out, numbers decimal, as few parentheses as possible. {@link #compile}
     * makes an equal filter of it. Empty if every packet matches.
     */
    @Override
    public String toString() {
        return text;
    }
}

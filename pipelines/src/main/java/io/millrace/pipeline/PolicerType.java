/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes {@code police:10mbit} a node of the command line. Found by the service loader. */
public final class PolicerType implements NodeType {
    private static final Pattern RATE = Pattern.compile("([1-9][0-9]{0,8})([kmg]?)(bit|pps)");
    // What comes in the first hundredth of a second, and no less than the largest packet, or a burst of packets.
    private static final int BURSTS_PER_SECOND = 100;
    private static final long LEAST_BYTES = 1 << 16;
    private static final long LEAST_PACKETS = 32;

    /** For the service loader. */
    public PolicerType() {
    }

    @Override
    public String name() {
        return "police";
    }

    @Override
    public String usage() {
        return "police:N[k|m|g](bit|pps)[,burst=BYTES|PACKETS]";
    }

    @Override
    public Output node(final NodeSpec spec) {
        final Matcher rate = RATE.matcher(spec.target());
        if (!rate.matches()) {
            throw new ConfigurationException("the node \"" + spec + "\" has no rate: write it like police:10mbit or "
                + "police:500kpps");
        }
        final boolean isBytes = rate.group(3).equals("bit");
        final long number = Long.parseLong(rate.group(1)) * scale(rate.group(2));
        final long perSecond = isBytes ? Math.max(1, number / Byte.SIZE) : number;
        if (perSecond > Policer.MAX) {
            throw new ConfigurationException("the node \"" + spec + "\" has a rate above "
                + (isBytes ? "800gbit" : "100gpps") + ": leave it away, it would never drop");
        }
        final int burst = spec.number("burst", 1, Integer.MAX_VALUE,
            (int) Math.max(perSecond / BURSTS_PER_SECOND, isBytes ? LEAST_BYTES : LEAST_PACKETS));
        spec.end();
        return (isBytes ? Policer.ofBytes(perSecond, burst) : Policer.ofPackets(perSecond, burst)).out();
    }

    private static long scale(final String prefix) {
        return switch (prefix) {
            case "k" -> 1_000;
            case "m" -> 1_000_000;
            case "g" -> 1_000_000_000;
            default -> 1;
        };
    }
}

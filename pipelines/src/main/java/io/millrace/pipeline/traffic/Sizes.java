/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.ConfigurationException;

import java.util.Arrays;

/** Packet sizes as they are written, and what sizes there can be. */
final class Sizes {
    /** The smallest: an Ethernet frame without FCS, and just enough for the headers and the numbers. */
    static final int MIN = Numbered.OFFSET + Numbered.LENGTH;
    /** The largest: what the length field of IPv4 can say, and the Ethernet header. */
    static final int MAX = 65_535 + 14;

    // The simple IMIX: seven small, four middle, one large, spread out.
    private static final int[] IMIX = {60, 590, 60, 60, 590, 60, 1514, 60, 590, 60, 60, 590};

    private Sizes() {
    }

    static int[] parse(final String text) {
        if (text.equals("imix")) {
            return IMIX.clone();
        }
        try {
            return check(Arrays.stream(text.split(",", -1)).map(String::trim).mapToInt(Integer::parseInt).toArray());
        } catch (final NumberFormatException e) {
            throw new ConfigurationException("sizes of \"" + text + "\" cannot be: write 64, or 64,590,1514, or imix");
        }
    }

    static int[] check(final int[] sizes) {
        if (sizes.length == 0) {
            throw new ConfigurationException("no packet size is given: name one or more");
        }
        for (final int size : sizes) {
            if (size < MIN || size > MAX) {
                throw new ConfigurationException("a packet of " + size + " bytes cannot be: take " + MIN + " to " + MAX
                    + ", counted from the Ethernet header, without FCS");
            }
        }
        return sizes;
    }
}

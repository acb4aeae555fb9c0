/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Offload;
import io.millrace.PortSpec;

/**
 * What offloads a port has, on a command line: those of {@code offloads=csum+tso4}, else all; then each may be switched
 * on or off by its name, {@code tso4=off,tso6=off}.
 */
final class OffloadOptions {
    static final String USAGE = "[,offloads=all|none|csum+tso4+tso6+ecn+uso]"
        + "[,csum=on|off][,tso4=on|off][,tso6=on|off][,ecn=on|off][,uso=on|off]";

    private OffloadOptions() {
    }

    /** Bits of {@link Offload}. With {@code csum=off} there are none of the others. */
    static int read(final PortSpec spec) {
        final int given = spec.offloads(OffloadFeatures.ALL);
        final int bits = bit(spec, "csum", Offload.CSUM, given) | bit(spec, "tso4", Offload.TSO4, given)
            | bit(spec, "tso6", Offload.TSO6, given) | bit(spec, "ecn", Offload.ECN, given)
            | bit(spec, "uso", Offload.USO, given);
        return spec.isOn("csum") ? bits : 0;
    }

    private static int bit(final PortSpec spec, final String option, final int bit, final int given) {
        return spec.isOn(option, (given & bit) != 0) ? bit : 0;
    }
}

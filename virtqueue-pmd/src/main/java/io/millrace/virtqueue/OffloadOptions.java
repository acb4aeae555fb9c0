/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.Offload;
import io.millrace.PortSpec;

/** How the offloads of a port are switched off on a command line, one by one: {@code tso4=off,tso6=off}. */
final class OffloadOptions {
    static final String USAGE = "[,csum=on|off][,tso4=on|off][,tso6=on|off][,ecn=on|off][,uso=on|off]";

    private OffloadOptions() {
    }

    /** Bits of {@link Offload}. Without checksums there are none of the others. */
    static int read(final PortSpec spec) {
        final boolean hasChecksum = spec.isOn("csum");
        final int large = bit(spec, "tso4", Offload.TSO4) | bit(spec, "tso6", Offload.TSO6)
            | bit(spec, "ecn", Offload.ECN) | bit(spec, "uso", Offload.USO);
        return hasChecksum ? Offload.CSUM | large : 0;
    }

    private static int bit(final PortSpec spec, final String option, final int bit) {
        return spec.isOn(option) ? bit : 0;
    }
}

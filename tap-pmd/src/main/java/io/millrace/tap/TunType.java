/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.PollModeDriver;
import io.millrace.PortSpec;
import io.millrace.PortType;

/** Makes {@code tun:tun0} a port of the command line. Found by the service loader. */
public final class TunType implements PortType {
    /** For the service loader. */
    public TunType() {
    }

    @Override
    public String name() {
        return "tun";
    }

    @Override
    public String usage() {
        return TapType.usage("tun") + "[,peer=MAC]";
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        final Tap driver = TapType.read(spec).tun();
        final String peer = spec.option("peer", null);
        spec.end();
        return peer == null ? driver : driver.peer(TapType.address(spec, "peer", peer));
    }
}

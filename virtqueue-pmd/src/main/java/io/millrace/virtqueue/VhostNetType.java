/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.PollModeDriver;
import io.millrace.PortSpec;
import io.millrace.PortType;

/** Makes {@code vhost-net:tap0} a port of the command line. Found by the service loader. */
public final class VhostNetType implements PortType {
    /** For the service loader. */
    public VhostNetType() {
    }

    @Override
    public String name() {
        return "vhost-net";
    }

    @Override
    public String usage() {
        return "vhost-net:TAP[,mtu=N]" + VirtioUserType.OPTIONS;
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        final VirtioUser driver = VirtioUserType.read(spec, VirtioUser.vhostNet(spec.target()));
        final int mtu = spec.number("mtu", VirtioUser.MIN_MTU, VirtioUser.MAX_MTU, 0);
        spec.end();
        return mtu == 0 ? driver : driver.mtu(mtu);
    }
}

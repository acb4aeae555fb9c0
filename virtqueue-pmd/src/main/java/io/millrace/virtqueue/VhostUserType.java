/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.PortSpec;
import io.millrace.PortType;

/** How {@link VhostUser} ports are written on a command line. */
public final class VhostUserType implements PortType {
    private static final int MAX_QUEUES = 128;

    /** Made by the service loader. */
    public VhostUserType() {
    }

    @Override
    public String name() {
        return "vhost-user";
    }

    @Override
    public String usage() {
        return "vhost-user:SOCKET[,client][,queues=N][,mtu=N][,coalesce=PACKETS/USECS][,name=NAME]"
            + "[,mrg=on|off][,packed=on|off]" + OffloadOptions.USAGE;
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        if (spec.target().isEmpty()) {
            throw new ConfigurationException("the port \"" + spec + "\" has no path: write " + usage());
        }
        VhostUser port = spec.flag("client") ? VhostUser.connect(spec.target()) : VhostUser.listen(spec.target());
        port = port.queues(spec.number("queues", 1, MAX_QUEUES, 1))
            .mergeable(spec.isOn("mrg")).packed(spec.isOn("packed"))
            .offloads(OffloadOptions.read(spec));
        final int mtu = spec.number("mtu", DeviceOffer.MIN_MTU, DeviceOffer.MAX_MTU, 0);
        if (mtu != 0) {
            port = port.mtu(mtu);
        }
        final String calls = spec.option("coalesce", null);
        if (calls != null) {
            port = coalesced(port, spec, calls);
        }
        final String name = spec.option("name", null);
        if (name != null) {
            port = port.name(name);
        }
        spec.end();
        return port;
    }

    private static VhostUser coalesced(final VhostUser port, final PortSpec spec, final String calls) {
        if (!calls.matches("\\d{1,6}/\\d{1,6}")) {
            throw new ConfigurationException("the option coalesce of port \"" + spec
                + "\" is a number of packets and one of microseconds, such as 32/50, not " + calls);
        }
        final String[] numbers = calls.split("/");
        return port.coalesce(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
    }
}

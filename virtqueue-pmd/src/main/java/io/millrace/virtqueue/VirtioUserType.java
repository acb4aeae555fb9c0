/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.PortSpec;
import io.millrace.PortType;

/** Makes {@code virtio-user:/run/x.sock} a port of the command line. Found by the service loader. */
public final class VirtioUserType implements PortType {
    /** For the service loader. */
    public VirtioUserType() {
    }

    @Override
    public String name() {
        return "virtio-user";
    }

    @Override
    public String usage() {
        return "virtio-user:SOCKET[,server][,queues=N][,size=N][,name=NAME]"
            + "[,mrg=on|off][,in-order=on|off][,indirect=on|off][,event-idx=on|off]";
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        final boolean server = spec.flag("server");
        VirtioUser driver = server ? VirtioUser.listen(spec.target()) : VirtioUser.connect(spec.target());
        driver = driver.queues(spec.number("queues", 1, VirtioUser.MAX_QUEUES, 1))
            .ringSize(spec.number("size", VirtioUser.MIN_RING, VirtioUser.MAX_RING, driver.ringSize()))
            .name(spec.option("name", driver.name()))
            .mergeable(isOn(spec, "mrg"))
            .inOrder(isOn(spec, "in-order"))
            .indirect(isOn(spec, "indirect"))
            .eventIndex(isOn(spec, "event-idx"));
        spec.end();
        return driver;
    }

    private static boolean isOn(final PortSpec spec, final String option) {
        final String value = spec.option(option, "on");
        if (!value.equals("on") && !value.equals("off")) {
            throw new ConfigurationException(
                "the option " + option + " of port \"" + spec + "\" is on or off, not " + value);
        }
        return value.equals("on");
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

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
            .mergeable(spec.isOn("mrg"))
            .inOrder(spec.isOn("in-order"))
            .indirect(spec.isOn("indirect"))
            .eventIndex(spec.isOn("event-idx"));
        spec.end();
        return driver;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.PollModeDriver;
import io.millrace.PortSpec;
import io.millrace.PortType;

/** Makes {@code virtio-user:/run/x.sock} a port of the command line. Found by the service loader. */
public final class VirtioUserType implements PortType {
    /** What every driver of virtqueues has. */
    static final String OPTIONS = "[,queues=N][,size=N][,name=NAME]"
        + "[,mrg=on|off][,in-order=on|off][,indirect=on|off][,event-idx=on|off]" + OffloadOptions.USAGE;

    /** For the service loader. */
    public VirtioUserType() {
    }

    @Override
    public String name() {
        return "virtio-user";
    }

    @Override
    public String usage() {
        return "virtio-user:SOCKET[,server][,packed=on|off]" + OPTIONS;
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        final boolean server = spec.flag("server");
        final VirtioUser plain = server ? VirtioUser.listen(spec.target()) : VirtioUser.connect(spec.target());
        final VirtioUser driver = read(spec, plain.packed(spec.isOn("packed", false)));
        spec.end();
        return driver;
    }

    /** Reads {@link #OPTIONS}. */
    static VirtioUser read(final PortSpec spec, final VirtioUser driver) {
        return driver.queues(spec.number("queues", 1, VirtioUser.MAX_QUEUES, 1))
            .ringSize(spec.number("size", VirtioUser.MIN_RING, VirtioUser.MAX_RING, driver.ringSize()))
            .name(spec.option("name", driver.name()))
            .mergeable(spec.isOn("mrg"))
            .inOrder(spec.isOn("in-order"))
            .indirect(spec.isOn("indirect"))
            .eventIndex(spec.isOn("event-idx"))
            .offloads(OffloadOptions.read(spec));
    }
}

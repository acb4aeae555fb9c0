/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.linux.Bpf;
import io.millrace.linux.BpfProgramInfo;
import io.millrace.linux.Fd;
import io.millrace.linux.Interfaces;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;

/** Somebody else's XDP program on an interface that we were to attach to: names it and says how to get rid of it. */
final class ForeignProgram {
    private ForeignProgram() {
    }

    /**
     * Looks for it. Call in the network namespace of the interface.
     *
     * @return a sentence for an operator; null if there is none (any more).
     */
    static String describe(final int ifindex) {
        try (Interfaces interfaces = Interfaces.open()) {
            final NetInterface device = interfaces.find(ifindex);
            return device == null || device.xdpMode() == NetInterface.XDP_NONE ? null : describe(device);
        }
    }

    private static String describe(final NetInterface device) {
        final int id = device.xdpProgramId();
        final int link = Bpf.linkOf(id);
        final String off = "ip link set dev " + device.name() + switch (device.xdpMode()) {
            case NetInterface.XDP_GENERIC -> " xdpgeneric off";
            case NetInterface.XDP_HARDWARE -> " xdpoffload off";
            case NetInterface.XDP_SEVERAL -> " xdp off, also with xdpgeneric";
            default -> " xdp off";
        };
        return device.name() + " has an XDP program of somebody else (" + mode(device.xdpMode()) + ", id " + id
            + name(id) + "): take it off (" + (link == 0 ? off
            : "end its process, or bpftool link detach id " + link)
            + "), or, if it redirects to AF_XDP sockets, give its pinned XSKMAP by map=/sys/fs/bpf/NAME";
    }

    private static String mode(final int mode) {
        return switch (mode) {
            case NetInterface.XDP_GENERIC -> "generic";
            case NetInterface.XDP_HARDWARE -> "in the hardware";
            case NetInterface.XDP_SEVERAL -> "one of several";
            default -> "in the driver";
        };
    }

    private static String name(final int id) {
        try (Fd program = Bpf.program(id)) {
            final String name = BpfProgramInfo.of(program).name();
            return name.isEmpty() ? "" : ", name " + name;
        } catch (final LinuxException e) {
            // It takes CAP_SYS_ADMIN to look at it, or it has just gone.
            return "";
        }
    }
}

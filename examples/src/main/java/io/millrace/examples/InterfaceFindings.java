/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.FramePool;
import io.millrace.linux.Bpf;
import io.millrace.linux.BpfProgramInfo;
import io.millrace.linux.Channels;
import io.millrace.linux.Errno;
import io.millrace.linux.Ethtool;
import io.millrace.linux.Fd;
import io.millrace.linux.Interfaces;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.XdpFeatures;
import io.millrace.linux.XdpHolder;
import io.millrace.linux.XdpHolders;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What an AF_XDP port would meet on each network interface. */
final class InterfaceFindings {
    // Of a frame, the kernel keeps XDP_PACKET_HEADROOM; a packet has an Ethernet header and perhaps a VLAN tag.
    private static final int BEFORE_PACKET = 256;
    private static final int HEADERS = 18;
    private static final int ONE_FRAME_MTU = FramePool.FRAME_SIZE - BEFORE_PACKET - HEADERS;

    private InterfaceFindings() {
    }

    /**
     * All that is known of one interface.
     *
     * @param channels null where the driver counts no queues.
     * @param features null where the kernel cannot tell.
     * @param program  the attached XDP program.
     */
    record Facts(NetInterface device, String driver, Channels channels, XdpFeatures features, List<XdpHolder> holders,
        Program program) {
    }

    /**
     * What can be known of an XDP program.
     *
     * @param name empty if there is none, or this process may not look at it.
     * @param link the number of the link that holds it; 0 if it is attached without; {@link #UNKNOWN}.
     */
    record Program(String name, int link) {
        static final int UNKNOWN = -1;
        static final Program NOBODY_KNOWS = new Program("", UNKNOWN);

        static Program of(final int id) {
            if (id == 0) {
                return NOBODY_KNOWS;
            }
            try (Fd program = Bpf.program(id)) {
                return new Program(BpfProgramInfo.of(program).name(), Bpf.linkOf(id));
            } catch (final LinuxException e) {
                return NOBODY_KNOWS;
            }
        }
    }

    /** Findings about all interfaces but loopback, in the network namespace of this process. */
    static List<Finding> all() {
        try (Interfaces interfaces = Interfaces.open()) {
            return interfaces.all().stream().filter(device -> !device.isLoopback())
                .flatMap(device -> look(device).stream()).toList();
        } catch (final LinuxException e) {
            return List.of(Finding.lacking("interfaces", e.getMessage(),
                "docker run --security-opt seccomp=unconfined ..."));
        }
    }

    /**
     * Findings about some interfaces.
     *
     * @throws ConfigurationException if one does not exist; the message says which there are.
     */
    static List<Finding> of(final List<String> names) {
        try (Interfaces interfaces = Interfaces.open()) {
            final List<Finding> findings = new ArrayList<>();
            for (final String name : names.stream().distinct().toList()) {
                final NetInterface device = interfaces.find(name);
                if (device == null) {
                    throw new ConfigurationException("there is no interface " + name + ": there are "
                        + interfaces.all().stream().map(NetInterface::name).collect(Collectors.joining(", ")));
                }
                findings.addAll(look(device));
            }
            return findings;
        }
    }

    private static List<Finding> look(final NetInterface device) {
        try {
            return findings(new Facts(device, Ethtool.driver(device.name()), Ethtool.channels(device.name()),
                XdpFeatures.of(device.index()), XdpHolders.of(device.index()), Program.of(device.xdpProgramId())));
        } catch (final LinuxException e) {
            // Interfaces come and go.
            if (e.errno() == Errno.ENODEV) {
                return List.of();
            }
            throw e;
        }
    }

    /** What follows from the facts: one finding about the interface, one about AF_XDP, and one for each obstacle. */
    static List<Finding> findings(final Facts facts) {
        final List<Finding> findings = new ArrayList<>();
        findings.add(Finding.ok(facts.device.name(), driver(facts) + ", " + state(facts.device) + ", MTU "
            + facts.device.mtu() + ", " + queues(facts)));
        findings.add(xdp(facts));
        if (facts.device.xdpMode() != NetInterface.XDP_NONE) {
            findings.add(program(facts));
        }
        if (!facts.holders.isEmpty()) {
            findings.add(holders(facts));
        }
        return findings;
    }

    private static String driver(final Facts facts) {
        final String driver = facts.driver.isEmpty() ? facts.device.kind() : facts.driver;
        return driver.isEmpty() ? "no driver" : "driver " + driver;
    }

    private static String state(final NetInterface device) {
        return !device.isUp() ? "down" : device.hasCarrier() ? "up" : "up without carrier";
    }

    private static String queues(final Facts facts) {
        if (facts.channels == null) {
            return count(facts.device.rxQueues()) + " at most";
        }
        final int rx = facts.channels.rxQueues();
        final int tx = facts.channels.txQueues();
        return (rx == tx ? count(rx) : count(rx) + " to receive and " + tx + " to transmit") + " of at most "
            + facts.channels.mostQueues();
    }

    private static String count(final int queues) {
        return queues + (queues == 1 ? " queue" : " queues");
    }

    private static Finding xdp(final Facts facts) {
        final String subject = facts.device.name() + " AF_XDP";
        final XdpFeatures features = facts.features;
        if (features == null) {
            return fits(facts, subject, "the kernel does not say what the driver can do (Linux 6.3 does)", false);
        }
        if (!features.basic() || !features.redirect()) {
            return Finding.ok(subject, "generic mode only, the slowest; " + oneFrame()
                + ", larger ones take several with Linux 6.9");
        }
        if (features.zeroCopy() && features.multiBufferRx() && features.zeroCopyParts() == 1) {
            return Finding.ok(subject, "the driver offers zero copy; " + oneFrame()
                + ", larger ones take several and are copied");
        }
        return features.zeroCopy()
            ? fits(facts, subject, "the driver offers zero copy", features.multiBufferRx())
            : fits(facts, subject, "driver mode, the kernel copies", features.multiBufferRx());
    }

    private static Finding fits(final Facts facts, final String subject, final String mode, final boolean hasParts) {
        if (hasParts) {
            return Finding.ok(subject, mode + "; " + oneFrame() + ", larger ones take several");
        }
        return facts.device.mtu() <= ONE_FRAME_MTU ? Finding.ok(subject, mode + "; " + oneFrame() + ", no larger ones")
            : Finding.lacking(subject, mode + "; " + oneFrame() + ", larger ones are dropped",
                "sudo ip link set dev " + facts.device.name() + " mtu " + ONE_FRAME_MTU);
    }

    private static String oneFrame() {
        return "packets up to MTU " + ONE_FRAME_MTU + " fit one frame";
    }

    private static Finding program(final Facts facts) {
        final int mode = facts.device.xdpMode();
        final String name = facts.device.name();
        final String where = switch (mode) {
            case NetInterface.XDP_DRIVER -> " in driver mode";
            case NetInterface.XDP_GENERIC -> " in generic mode";
            case NetInterface.XDP_HARDWARE -> " in the hardware";
            default -> " among others";
        };
        final int link = facts.program.link;
        final String off = "sudo ip link set dev " + name
            + (mode == NetInterface.XDP_GENERIC ? " xdpgeneric off" : " xdp off");
        return Finding.lacking(name + " XDP", "the program " + facts.program.name
            + (facts.program.name.isEmpty() ? "" : " ") + "(id " + facts.device.xdpProgramId() + ") is attached" + where
            + ": no room for another", switch (link) {
                case 0 -> off;
                case Program.UNKNOWN -> off + ", unless a process holds its link: sudo bpftool link";
                default -> "sudo bpftool link detach id " + link;
            });
    }

    private static Finding holders(final Facts facts) {
        final String held = facts.holders.stream().map(XdpHolder::toString).collect(Collectors.joining(", "));
        final String pids = facts.holders.stream().map(XdpHolder::pid).distinct().filter(pid -> pid != 0)
            .map(String::valueOf).collect(Collectors.joining(" "));
        return Finding.lacking(facts.device.name() + " queues", "held by AF_XDP sockets: " + held,
            pids.isEmpty() ? "sudo lsof | grep 'protocol: XDP' names the processes that can be meant"
                : "sudo kill " + pids);
    }
}

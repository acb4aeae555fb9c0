/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import io.millrace.linux.Bpf;
import io.millrace.linux.BpfLinkInfo;
import io.millrace.linux.BpfMapInfo;
import io.millrace.linux.Errno;
import io.millrace.linux.Fd;
import io.millrace.linux.Interfaces;
import io.millrace.linux.LinuxException;
import java.nio.file.Path;

/**
 * The kernel's side of an AF_XDP port: the map that says which socket a receive queue has, and, unless the map was
 * given, our program on the interface. All of it goes away with the process.
 *
 * <p>Thread safety: one thread at a time, and not the packet path.
 */
final class XdpAttachment implements AutoCloseable {
    private static final String PROGRAM_NAME = "millrace_xdp";
    private static final String MAP_NAME = "millrace_xsks";
    private static final int KEY_LENGTH = 4;
    private static final int VALUE_LENGTH = 4;

    private final Fd map;
    private final Fd program;
    private final Fd link;

    private XdpAttachment(final Fd map, final Fd program, final Fd link) {
        this.map = map;
        this.program = program;
        this.link = link;
    }

    /**
     * Loads a program and attaches it. Call in the network namespace of the interface.
     *
     * @param index   of the interface.
     * @param name    of the interface, for messages.
     * @param queues  how many receive queues the interface can have.
     * @param filter  which packets go to our sockets.
     * @param generic whether to run in the stack rather than in the driver.
     * @throws ConfigurationException if a program is there already.
     * @throws LinuxException         if the kernel or the driver refuses.
     */
    static XdpAttachment attach(final int index, final String name, final int queues, final Filter filter,
        final boolean generic) {
        final Fd map = Bpf.createMap(Bpf.MAP_XSK, MAP_NAME, KEY_LENGTH, VALUE_LENGTH, queues);
        Fd program = null;
        try {
            program = load(XdpProgram.instructions(filter, map.number()));
            final Fd link = Bpf.attachXdp(program, index, generic ? Bpf.XDP_GENERIC : Bpf.XDP_DRIVER);
            return new XdpAttachment(map, program, link);
        } catch (final RuntimeException e) {
            map.close();
            if (program != null) {
                program.close();
            }
            throw e instanceof final LinuxException refusal ? explained(refusal, index, name, generic) : e;
        }
    }

    private static RuntimeException explained(final LinuxException e, final int index, final String name,
        final boolean generic) {
        final boolean isOccupied = e.errno() == Errno.EBUSY || e.errno() == Errno.EEXIST;
        final String foreign = isOccupied ? ForeignProgram.describe(index) : null;
        if (foreign != null) {
            return new ConfigurationException(foreign);
        }
        // EINVAL is also what the kernel says about an index that nobody has.
        final int errno = e.errno() == Errno.EINVAL && isGone(index) ? Errno.ENODEV : e.errno();
        final String remedy = switch (errno) {
            case Errno.EOPNOTSUPP -> generic ? "" : "its driver cannot, or not with the present MTU and offloads; "
                + "mode=generic works with every driver, slowly";
            case Errno.ENODEV -> "the device is gone";
            case Errno.ERANGE, Errno.ENOSPC, Errno.E2BIG -> "lower the MTU, or use mode=generic";
            default -> null;
        };
        return remedy == null ? e : new LinuxException("attach an XDP program to " + name, errno, remedy);
    }

    private static boolean isGone(final int index) {
        try (Interfaces interfaces = Interfaces.open()) {
            return interfaces.find(index) == null;
        }
    }

    private static Fd load(final long[] instructions) {
        try {
            return Bpf.load(Bpf.PROGRAM_XDP, PROGRAM_NAME, Bpf.XDP_HAS_FRAGS, instructions);
        } catch (final LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            // The flag is unknown before Linux 5.18, and so are packets in several fragments.
            return Bpf.load(Bpf.PROGRAM_XDP, PROGRAM_NAME, 0, instructions);
        }
    }

    /**
     * Uses the map of somebody else's program. Loads and attaches nothing.
     *
     * @param path   where it is pinned in a BPF file system.
     * @param queues how many entries it has to have.
     * @throws ConfigurationException if it is not such a map.
     */
    static XdpAttachment pinned(final Path path, final int queues) {
        final Fd map = Bpf.open(path);
        try {
            final BpfMapInfo info = Bpf.isMap(map) ? BpfMapInfo.of(map) : null;
            if (info == null || info.type() != Bpf.MAP_XSK) {
                throw new ConfigurationException(path + " is not an XSKMAP: give map= the pinned map from which the "
                    + "XDP program redirects to AF_XDP sockets");
            }
            if (info.entries() < queues) {
                throw new ConfigurationException("the XSKMAP " + path + " has " + info.entries() + " entries and "
                    + queues + " queues are wanted: set queues=" + info.entries() + " or make it larger");
            }
            return new XdpAttachment(map, null, null);
        } catch (final RuntimeException e) {
            map.close();
            throw e;
        }
    }

    /** From now on the packets of {@code queue} go to a socket, which must be bound. */
    void put(final int queue, final Fd socket) {
        Bpf.put(map, queue, socket.number());
    }

    /** From now on the packets of {@code queue} go to the kernel. Closing a socket does the same. */
    void remove(final int queue) {
        Bpf.remove(map, queue);
    }

    /**
     * Whether our program is on the interface still: it is not when the device is gone, after
     * {@code bpftool link detach}, and after {@link #close}. {@code ip link set dev X xdp off} (or xdpgeneric, where
     * that is our mode) does not take it off: it fails with EBUSY. With a given map nobody knows: true.
     */
    boolean isAttached() {
        return link == null || link.isOpen() && BpfLinkInfo.of(link).ifindex() != 0;
    }

    /** Detaches our program, if there is one. Closing twice is harmless. */
    @Override
    public void close() {
        if (link != null) {
            link.close();
            program.close();
        }
        map.close();
    }
}

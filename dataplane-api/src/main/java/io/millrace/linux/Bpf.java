/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * BPF programs and maps: one method for each command of bpf(2) that a driver needs.
 *
 * <p>What is loaded or attached lives as long as a descriptor of it is open (or it is pinned), so it is gone with the
 * process. Interfaces are those of the calling thread's network namespace.
 *
 * <p>Thread safety: any thread. Not for the packet path: nearly every call takes a lock or waits in the kernel.
 */
public final class Bpf {
    /** A map from queue number to AF_XDP socket (BPF_MAP_TYPE_XSKMAP). */
    public static final int MAP_XSK = 17;
    /** A program that a driver calls with every packet it receives (BPF_PROG_TYPE_XDP). */
    public static final int PROGRAM_XDP = 6;
    /** A link that keeps an XDP program attached (BPF_LINK_TYPE_XDP). */
    public static final int LINK_XDP = 6;
    /** Load: the program knows that a packet may continue in fragments (BPF_F_XDP_HAS_FRAGS), since Linux 5.18. */
    public static final int XDP_HAS_FRAGS = 1 << 5;
    /** Attach: run the program in the stack, on any device (XDP_FLAGS_SKB_MODE). */
    public static final int XDP_GENERIC = 1 << 1;
    /** Attach: run the program in the device's driver (XDP_FLAGS_DRV_MODE). */
    public static final int XDP_DRIVER = 1 << 2;

    // enum bpf_cmd
    private static final int MAP_CREATE = 0;
    private static final int MAP_UPDATE_ELEM = 2;
    private static final int MAP_DELETE_ELEM = 3;
    private static final int PROG_LOAD = 5;
    private static final int OBJ_PIN = 6;
    private static final int OBJ_GET = 7;
    private static final int PROG_TEST_RUN = 10;
    private static final int PROG_GET_FD_BY_ID = 13;
    private static final int OBJ_GET_INFO_BY_FD = 15;
    private static final int LINK_CREATE = 28;
    private static final int LINK_GET_FD_BY_ID = 30;
    private static final int LINK_GET_NEXT_ID = 31;
    private static final int LINK_DETACH = 34;

    private static final int ATTACH_TYPE_XDP = 37;
    // union bpf_attr as of Linux 5.7, the first with links; the kernel takes a shorter one as if zeros followed.
    private static final int ATTRIBUTES_LENGTH = 128;
    private static final int NAME_LENGTH = 16;
    private static final int INFO_LENGTH = 256;
    private static final int LOG_LENGTH = 1 << 20;

    private Bpf() {
    }

    /**
     * Makes a map.
     *
     * @param type        such as {@link #MAP_XSK}.
     * @param name        at most 15 letters, digits and {@code _}, for those who look at the machine.
     * @param keyLength   in bytes.
     * @param valueLength in bytes.
     * @param entries     the most it has to hold.
     * @return the map, owned by the caller.
     */
    public static Fd createMap(final int type, final String name, final int keyLength, final int valueLength,
        final int entries) {
        try (Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            attributes.putInt(0, type);
            attributes.putInt(4, keyLength);
            attributes.putInt(8, valueLength);
            attributes.putInt(12, entries);
            attributes.putBytes(28, name(name));
            return Fd.own(required(MAP_CREATE, attributes, "create the BPF map " + name, ""));
        }
    }

    /**
     * Loads a program. The kernel verifies it; where it refuses, the exception ends with the verifier's last lines.
     *
     * @param type         such as {@link #PROGRAM_XDP}.
     * @param name         at most 15 letters, digits and {@code _}.
     * @param flags        0 or {@link #XDP_HAS_FRAGS}.
     * @param instructions as 64-bit numbers, opcode lowest.
     * @return the program, owned by the caller.
     */
    public static Fd load(final int type, final String name, final int flags, final long[] instructions) {
        try (Scratch code = new Scratch((long) instructions.length * Long.BYTES);
            Scratch license = Scratch.ofString("Apache-2.0");
            Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            for (int i = 0; i < instructions.length; i++) {
                code.putLong((long) i * Long.BYTES, instructions[i]);
            }
            attributes.putInt(0, type);
            attributes.putInt(4, instructions.length);
            attributes.putLong(8, code.address());
            attributes.putLong(16, license.address());
            attributes.putInt(44, flags);
            attributes.putBytes(48, name(name));
            final int fd = call(PROG_LOAD, attributes);
            if (fd >= 0) {
                return Fd.own(fd);
            }
            final int errno = LibC.errno();
            throw refused("load the BPF program " + name, errno,
                errno == Errno.EPERM ? "" : verifierSays(attributes));
        }
    }

    /** Loads once more, with a log: writing one costs time, so the first attempt goes without. */
    private static String verifierSays(final Scratch attributes) {
        try (Scratch log = new Scratch(LOG_LENGTH)) {
            attributes.putInt(24, 1);
            attributes.putInt(28, LOG_LENGTH);
            attributes.putLong(32, log.address());
            final int fd = call(PROG_LOAD, attributes);
            if (fd >= 0) {
                LibC.close(fd);
            }
            final String tail = VerifierLog.tail(log.getBytes(0, LOG_LENGTH));
            return tail.isEmpty() ? "" : "the verifier says: " + tail;
        }
    }

    /**
     * Attaches an XDP program to an interface. While the link is there nobody replaces or removes it in another way:
     * {@code ip link set dev X xdp off} fails with EBUSY ("Can't replace active BPF XDP link"). It ends with the link's
     * last descriptor, by BPF_LINK_DETACH ({@code bpftool link detach}), or with the device: {@link BpfLinkInfo} tells.
     *
     * @param index of the interface, in the calling thread's namespace.
     * @param flags {@link #XDP_DRIVER}, {@link #XDP_GENERIC}, or 0: in the driver if that can.
     * @return the link, owned by the caller: the program is detached when its last descriptor closes.
     * @throws LinuxException with EBUSY or EEXIST if a program is there already.
     */
    public static Fd attachXdp(final Fd program, final int index, final int flags) {
        try (Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            attributes.putInt(0, program.number());
            attributes.putInt(4, index);
            attributes.putInt(8, ATTACH_TYPE_XDP);
            attributes.putInt(12, flags);
            return Fd.own(required(LINK_CREATE, attributes, "attach an XDP program to interface " + index, ""));
        }
    }

    /** Takes the program off the interface, while the link itself stays open. */
    public static void detach(final Fd link) {
        try (Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            attributes.putInt(0, link.number());
            required(LINK_DETACH, attributes, "detach a BPF program", "");
        }
    }

    /** Sets an entry of a map with 32-bit keys and values. */
    public static void put(final Fd map, final int key, final int value) {
        try (Scratch entry = new Scratch(2 * Integer.BYTES); Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            entry.putInt(0, key);
            entry.putInt(4, value);
            attributes.putInt(0, map.number());
            attributes.putLong(8, entry.address());
            attributes.putLong(16, entry.address() + 4);
            required(MAP_UPDATE_ELEM, attributes, "set entry " + key + " of a BPF map", "");
        }
    }

    /** Removes an entry of a map with 32-bit keys; one that is not there is not an error. */
    public static void remove(final Fd map, final int key) {
        try (Scratch entry = new Scratch(Integer.BYTES); Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            entry.putInt(0, key);
            attributes.putInt(0, map.number());
            attributes.putLong(8, entry.address());
            if (call(MAP_DELETE_ELEM, attributes) == -1 && LibC.errno() != Errno.ENOENT) {
                throw refused("remove entry " + key + " of a BPF map", LibC.errno(), "");
            }
        }
    }

    /** Opens what was pinned to a path of a BPF file system: a map, a program or a link. Owned by the caller. */
    public static Fd open(final Path path) {
        try (Scratch name = Scratch.ofString(path.toString()); Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            attributes.putLong(0, name.address());
            return Fd.own(required(OBJ_GET, attributes, "open the pinned " + path,
                "name a file of a BPF file system, such as one under /sys/fs/bpf"));
        }
    }

    /** Gives a map, program or link a name in a BPF file system, by which it outlives this process. */
    public static void pin(final Fd object, final Path path) {
        try (Scratch name = Scratch.ofString(path.toString()); Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            attributes.putLong(0, name.address());
            attributes.putInt(8, object.number());
            required(OBJ_PIN, attributes, "pin " + path,
                "name a new file of a BPF file system (mount -t bpf bpf /sys/fs/bpf)");
        }
    }

    /** Whether a descriptor is that of a map. */
    public static boolean isMap(final Fd object) {
        return object.target().equals("anon_inode:bpf-map");
    }

    /** Opens a program by its number, whoever loaded it. Needs CAP_SYS_ADMIN. Owned by the caller. */
    public static Fd program(final int id) {
        try (Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            attributes.putInt(0, id);
            return Fd.own(required(PROG_GET_FD_BY_ID, attributes, "open the BPF program " + id, ""));
        }
    }

    /**
     * Looks for a link, of any process, that keeps a program attached. Needs CAP_SYS_ADMIN.
     *
     * @return the link's number; 0 if there is none, so that the program was attached without.
     */
    public static int linkOf(final int programId) {
        int id = 0;
        try (Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            while (true) {
                attributes.putInt(0, id);
                attributes.putInt(4, 0);
                if (call(LINK_GET_NEXT_ID, attributes) == -1) {
                    return 0;
                }
                id = attributes.getInt(4);
                try (Fd link = link(id)) {
                    if (BpfLinkInfo.of(link).programId() == programId) {
                        return id;
                    }
                } catch (final LinuxException e) {
                    // It has just gone.
                    continue;
                }
            }
        }
    }

    /** Opens a link by its number, whoever made it. Needs CAP_SYS_ADMIN. Owned by the caller. */
    public static Fd link(final int id) {
        try (Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            attributes.putInt(0, id);
            return Fd.own(required(LINK_GET_FD_BY_ID, attributes, "open the BPF link " + id, ""));
        }
    }

    /**
     * Runs a program on a packet that nobody else sees.
     *
     * @param packet at least 14 bytes, at most a page less some room.
     * @return what the program returned: for XDP 0 aborted, 1 drop, 2 pass, 3 transmit, 4 redirect.
     */
    public static int testRun(final Fd program, final byte[] packet) {
        try (Scratch in = new Scratch(Math.max(1, packet.length));
            Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            in.putBytes(0, packet);
            attributes.putInt(0, program.number());
            attributes.putInt(8, packet.length);
            attributes.putLong(16, in.address());
            required(PROG_TEST_RUN, attributes, "run a BPF program on " + packet.length + " bytes", "");
            return attributes.getInt(4);
        }
    }

    /** What the kernel says about an object, in the structure for its kind. The caller closes it. */
    static Scratch info(final Fd object) {
        final Scratch info = new Scratch(INFO_LENGTH);
        try (Scratch attributes = new Scratch(ATTRIBUTES_LENGTH)) {
            attributes.putInt(0, object.number());
            attributes.putInt(4, INFO_LENGTH);
            attributes.putLong(8, info.address());
            required(OBJ_GET_INFO_BY_FD, attributes, "look at a BPF object", "");
            return info;
        } catch (final LinuxException e) {
            info.close();
            throw e;
        }
    }

    private static int call(final int command, final Scratch attributes) {
        return (int) LibC.syscall(SyscallNumbers.BPF, command, attributes.address(), ATTRIBUTES_LENGTH, 0, 0);
    }

    private static int required(final int command, final Scratch attributes, final String attempted,
        final String remedy) {
        final int result = call(command, attributes);
        if (result == -1) {
            throw refused(attempted, LibC.errno(), remedy);
        }
        return result;
    }

    private static LinuxException refused(final String attempted, final int errno, final String remedy) {
        return new LinuxException(attempted, errno, switch (errno) {
            case Errno.EPERM -> "it takes CAP_BPF and CAP_NET_ADMIN (CAP_SYS_ADMIN before Linux 5.8), and before "
                + "5.11 a larger limit of locked memory (ulimit -l): run as root or grant them";
            case Errno.ENOSYS -> "this kernel was built without bpf(2) (CONFIG_BPF_SYSCALL)";
            default -> remedy;
        });
    }

    private static byte[] name(final String name) {
        if (!name.matches("[A-Za-z0-9_]{1,15}")) {
            throw new IllegalArgumentException("a BPF name is 1 to 15 letters, digits or _, not " + name);
        }
        return name.getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads a name from what {@link #info} returned. */
    static String name(final Scratch info, final int offset) {
        return new String(info.getBytes(offset, NAME_LENGTH), StandardCharsets.US_ASCII).split("\0", 2)[0];
    }
}

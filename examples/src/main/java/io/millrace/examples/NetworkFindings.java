/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.FramePool;
import io.millrace.linux.Bpf;
import io.millrace.linux.Capabilities;
import io.millrace.linux.Errno;
import io.millrace.linux.Fd;
import io.millrace.linux.KernelAccess;
import io.millrace.linux.LinuxException;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** What tap devices, vhost-net and AF_XDP need. Tries each thing where that leaves nothing behind. */
final class NetworkFindings {
    /** What a data plane makes unless it is told otherwise, without its jumbo frames. */
    private static final int USUAL_FRAMES = 16_384;
    private static final long USUAL_JUMBO_BYTES = 256L * 33 * FramePool.FRAME_SIZE;
    private static final String SUDO = "sudo ./millrace ...";
    // r0 = XDP_PASS; exit
    private static final long[] PASS_ALL = {0xb7 | 2L << 32, 0x95};

    private final Path root;
    private final IntPredicate hasCapability;

    /**
     * @param root          the root of the file system, {@code /} but in tests.
     * @param hasCapability what {@link Capabilities#effective} says, but in tests.
     */
    NetworkFindings(final Path root, final IntPredicate hasCapability) {
        this.root = root;
        this.hasCapability = hasCapability;
    }

    /** Everything that is no single interface's. */
    List<Finding> all() {
        return List.of(tap(), vhostNet(), ioUring(KernelAccess.ioUring()), xdp(KernelAccess.xdpSocket()),
            bpf(bpfRefusal()), memlock(), capabilities());
    }

    private Finding tap() {
        return node("tap", "/dev/net/tun", "tun", "no tap devices");
    }

    private Finding vhostNet() {
        return node("vhost-net", "/dev/vhost-net", "vhost_net", "no tap devices by vhost-net");
    }

    private Finding node(final String subject, final String node, final String module, final String effect) {
        try {
            // Opening alone makes no device.
            FileChannel.open(root.resolve(node.substring(1)), StandardOpenOption.READ, StandardOpenOption.WRITE)
                .close();
            return Finding.ok(subject, node + " can be opened");
        } catch (final AccessDeniedException e) {
            return Finding.lacking(subject, node + " is closed to you: " + effect, "sudo chmod 0666 " + node);
        } catch (final NoSuchFileException e) {
            return Finding.lacking(subject, node + " is missing: " + effect,
                "sudo modprobe " + module + " (a container: docker run --device " + node + " ...)");
        } catch (final IOException e) {
            return Finding.lacking(subject, node + " has no driver: " + effect, "sudo modprobe " + module);
        }
    }

    /** @param errno what the kernel answered when asked for one. */
    Finding ioUring(final int errno) {
        if (errno == 0) {
            return Finding.ok("io_uring", "allowed: many packets of a tap device in one call");
        }
        final String disabled = text("proc/sys/kernel/io_uring_disabled");
        final String effect = ": a tap device takes one call for each packet";
        if (errno == Errno.EPERM && !disabled.isEmpty() && !disabled.equals("0")) {
            return Finding.lacking("io_uring", "EPERM, for kernel.io_uring_disabled is " + disabled + effect,
                "sudo sysctl kernel.io_uring_disabled=0");
        }
        return switch (errno) {
            case Errno.ENOSYS -> Finding.lacking("io_uring", "ENOSYS, the kernel or the container has none" + effect,
                "use a kernel with CONFIG_IO_URING=y; docker run --security-opt seccomp=unconfined ...");
            case Errno.ENOMEM -> Finding.lacking("io_uring", "ENOMEM, too little memory may be locked" + effect,
                "sudo prlimit --pid $$ --memlock=unlimited");
            default -> Finding.lacking("io_uring", Errno.name(errno) + ", most likely by the container" + effect,
                "docker run --security-opt seccomp=unconfined ...");
        };
    }

    /** @param errno what the kernel answered when asked for a socket. */
    Finding xdp(final int errno) {
        return switch (errno) {
            case 0 -> Finding.ok("AF_XDP", "sockets can be opened");
            case Errno.EAFNOSUPPORT ->
                Finding.lacking("AF_XDP", "the kernel has no XDP sockets", "use a kernel with CONFIG_XDP_SOCKETS=y");
            case Errno.EPERM -> Finding.lacking("AF_XDP", "no sockets without CAP_NET_RAW", SUDO);
            default -> Finding.lacking("AF_XDP", "no sockets: " + Errno.name(errno),
                "docker run --security-opt seccomp=unconfined ...");
        };
    }

    /** Loads a program that is attached to nothing, and so is gone again. */
    private static int bpfRefusal() {
        try (Fd program = Bpf.load(Bpf.PROGRAM_XDP, "millrace_doctor", 0, PASS_ALL)) {
            return program.isOpen() ? 0 : Errno.EBADF;
        } catch (final LinuxException e) {
            return e.errno();
        }
    }

    /** @param errno what the kernel answered when given an XDP program. */
    Finding bpf(final int errno) {
        if (errno == 0) {
            return Finding.ok("BPF", "XDP programs can be loaded");
        }
        final List<String> missing = new ArrayList<>();
        if (!mayUseBpf()) {
            missing.add("CAP_BPF");
        }
        if (!hasCapability.test(Capabilities.CAP_NET_ADMIN)) {
            missing.add("CAP_NET_ADMIN");
        }
        if (missing.isEmpty()) {
            return Finding.lacking("BPF", "XDP programs are refused with " + Errno.name(errno)
                + " though no capability is missing: no AF_XDP but with a map from elsewhere",
                "run outside of the container, or docker run --privileged ...");
        }
        final String sysctl = text("proc/sys/kernel/unprivileged_bpf_disabled");
        return Finding.lacking("BPF", "XDP programs are refused with " + Errno.name(errno) + " without "
            + String.join(" and ", missing) + (sysctl.isEmpty() ? "" : ", whatever kernel.unprivileged_bpf_disabled ("
            + sysctl + ") says") + ": no AF_XDP but with a map from elsewhere", SUDO);
    }

    private boolean mayUseBpf() {
        return hasCapability.test(Capabilities.CAP_BPF) || hasCapability.test(Capabilities.CAP_SYS_ADMIN);
    }

    /** What AF_XDP sockets count the frame pool against: net/xdp/xdp_umem.c, xdp_umem_account_pages. */
    private Finding memlock() {
        final long poolBytes = USUAL_FRAMES * (long) FramePool.FRAME_SIZE + USUAL_JUMBO_BYTES;
        final String pool = "an AF_XDP port locks the frame pool, usually " + (poolBytes >> 20) + " MiB";
        // The kernel asks for the right over the whole machine, which a user namespace does not give.
        if (hasCapability.test(Capabilities.CAP_IPC_LOCK) && isWholeMachine()) {
            return Finding.ok("memlock", "no limit with CAP_IPC_LOCK; " + pool);
        }
        final String limit = Limits.soft(root, "Max locked memory");
        if (limit.equals("unlimited")) {
            return Finding.ok("memlock", "unlimited; " + pool);
        }
        final long bytes = limit.isEmpty() ? 0 : Long.parseUnsignedLong(limit);
        return bytes >= poolBytes ? Finding.ok("memlock", (bytes >> 20) + " MiB for all of this user; " + pool)
            : Finding.lacking("memlock", (bytes >> 10) + " KiB for all of this user, and no CAP_IPC_LOCK; " + pool,
                "sudo prlimit --pid $$ --memlock=unlimited");
    }

    private boolean isWholeMachine() {
        final String map = text("proc/self/uid_map");
        return map.isEmpty() || map.replaceAll("\\s+", " ").equals("0 0 4294967295");
    }

    private Finding capabilities() {
        final List<String> missing = new ArrayList<>();
        if (!hasCapability.test(Capabilities.CAP_NET_ADMIN)) {
            missing.add("CAP_NET_ADMIN (tap, AF_XDP)");
        }
        if (!hasCapability.test(Capabilities.CAP_NET_RAW)) {
            missing.add("CAP_NET_RAW (AF_XDP)");
        }
        if (!mayUseBpf()) {
            missing.add("CAP_BPF (AF_XDP)");
        }
        return missing.isEmpty()
            ? Finding.ok("capabilities", "CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF are there")
            : Finding.lacking("capabilities", "missing: " + String.join(", ", missing)
                + "; vhost-user and virtio-user need none", SUDO);
    }

    private String text(final String file) {
        try {
            return Files.readString(root.resolve(file), StandardCharsets.ISO_8859_1).trim();
        } catch (final IOException e) {
            return "";
        }
    }
}

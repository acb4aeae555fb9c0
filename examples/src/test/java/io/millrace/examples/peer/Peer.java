/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import io.millrace.linux.Capabilities;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** The programs these tests talk to, and the packages that bring them on Debian. */
public enum Peer {
    QEMU("qemu-system-x86_64", "qemu-system-x86", () -> Peer.onPath("qemu-system-x86_64")),
    GUEST_KERNEL("a kernel with virtio_net in /boot and /lib/modules", "linux-image-cloud-amd64",
        () -> GuestKernel.newest().isPresent()),
    GUEST_TOOLS("busybox (static), iperf3, ethtool and ping", "busybox-static iperf3 ethtool iputils-ping",
        () -> Peer.programs("busybox", "iperf3", "ethtool", "ping")),
    VHOST_NET_MODULE("a kernel with vhost_net in /lib/modules", "linux-image-cloud-amd64",
        JavaGuestImage::isPossible),
    IP("ip", "iproute2", () -> Peer.onPath("ip")),
    LAB_TOOLS("ip, ethtool, ping and iperf3", "iproute2 ethtool iputils-ping iperf3",
        () -> Peer.onPath("ip", "ethtool", "ping", "iperf3")),
    BPFTOOL("bpftool", "bpftool", () -> Peer.onPath("bpftool")),
    TSHARK("tcpdump and tshark", "tcpdump tshark", () -> Peer.onPath("tcpdump", "tshark")),
    TESTPMD("dpdk-testpmd with its drivers", "dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus",
        () -> Peer.onPath("dpdk-testpmd"));

    private static final Set<Peer> REPORTED = EnumSet.noneOf(Peer.class);
    private static boolean isRightReported;

    private final String what;
    private final String packages;
    private final BooleanSupplier present;

    Peer(final String what, final String packages, final BooleanSupplier present) {
        this.what = what;
        this.packages = packages;
        this.present = present;
    }

    /**
     * Skips the calling test, or test class, unless all of {@code peers} are here; each missing one is printed once.
     */
    public static synchronized void require(final Peer... peers) {
        for (final Peer peer : peers) {
            if (!peer.present.getAsBoolean()) {
                final String line = "skipped: tests with a real peer need " + peer.what
                    + ": apt-get install --no-install-recommends " + peer.packages;
                if (REPORTED.add(peer)) {
                    System.out.println(line);
                }
                throw new TestAbortedException(line);
            }
        }
    }

    /** Skips the calling test, or test class, unless this process may make network namespaces and devices in them. */
    public static synchronized void requireNetAdmin() {
        final boolean isAllowed = Capabilities.effective(Capabilities.CAP_NET_ADMIN)
            && Capabilities.effective(Capabilities.CAP_SYS_ADMIN);
        if (!isAllowed || !Files.exists(Path.of("/dev/net/tun"))) {
            final String line = "skipped: tests in network namespaces need "
                + (isAllowed ? "/dev/net/tun: modprobe tun" : "root (CAP_NET_ADMIN and CAP_SYS_ADMIN)");
            if (!isRightReported) {
                isRightReported = true;
                System.out.println(line);
            }
            throw new TestAbortedException(line);
        }
    }

    /** Whether all are where a process that is started by its bare name is looked for. */
    private static boolean onPath(final String... names) {
        final String path = System.getenv().getOrDefault("PATH", "");
        return Stream.of(names).allMatch(name -> find(name, path).isPresent());
    }

    private static boolean programs(final String... names) {
        return Stream.of(names).allMatch(name -> program(name).isPresent());
    }

    /** Where a program is: PATH first, then where Debian keeps what only root uses. */
    static Optional<Path> program(final String name) {
        return find(name, System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin");
    }

    private static Optional<Path> find(final String name, final String path) {
        for (final String folder : path.split(":")) {
            final Path candidate = Path.of(folder, name);
            if (!folder.isEmpty() && Files.isExecutable(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }
}

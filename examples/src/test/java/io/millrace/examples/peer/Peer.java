/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.opentest4j.TestAbortedException;

/** The programs these tests talk to, and the packages that bring them on Debian. */
enum Peer {
    QEMU("qemu-system-x86_64", "qemu-system-x86", () -> Peer.program("qemu-system-x86_64").isPresent()),
    GUEST_KERNEL("a kernel with virtio_net in /boot and /lib/modules", "linux-image-cloud-amd64",
        () -> GuestKernel.newest().isPresent()),
    GUEST_TOOLS("busybox (static), iperf3 and ethtool", "busybox-static iperf3 ethtool",
        () -> List.of("busybox", "iperf3", "ethtool").stream().allMatch(name -> Peer.program(name).isPresent())),
    TESTPMD("dpdk-testpmd with its drivers", "dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus",
        () -> Peer.program("dpdk-testpmd").isPresent());

    private static final Set<Peer> REPORTED = EnumSet.noneOf(Peer.class);

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
    static synchronized void require(final Peer... peers) {
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

    /** Where a program is: PATH first, then where Debian keeps what only root uses. */
    static Optional<Path> program(final String name) {
        final String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin";
        for (final String folder : path.split(":")) {
            final Path candidate = Path.of(folder, name);
            if (!folder.isEmpty() && Files.isExecutable(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.linux.Capabilities;
import io.millrace.linux.Cpus;
import io.millrace.linux.EventSignal;
import io.millrace.linux.Fd;
import io.millrace.linux.HugePages;
import io.millrace.linux.LinuxException;
import io.millrace.linux.SharedMemory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Looks at what this machine can run. Changes nothing. {@link NetworkFindings} are about ways to the kernel. */
final class Doctor {
    private static final int OLDEST_JDK = 17;

    private final Path root;
    private final List<Path> commandPath;

    /** @param root the root of the file system, {@code /} but in tests. */
    Doctor(final Path root, final String commandPath) {
        this.root = root;
        this.commandPath = Stream.of(commandPath.split(":")).filter(p -> !p.isEmpty()).map(Path::of).toList();
    }

    static Doctor ofThisMachine() {
        final String path = System.getenv("PATH");
        return new Doctor(Path.of("/"), path == null ? "/usr/bin:/bin" : path);
    }

    /** Everything it found, the most basic things first. */
    List<Finding> findings() {
        final List<Finding> findings = new ArrayList<>();
        findings.add(jdk());
        findings.add(cpus());
        findings.add(memfd());
        findings.add(hugePages());
        findings.add(notifications());
        findings.add(openFiles());
        findings.add(countersFolder());
        findings.addAll(new NetworkFindings(root, Capabilities::effective).all());
        findings.add(command("QEMU", "qemu-system-x86_64", "VMs as peers", "apt-get install qemu-system-x86"));
        findings.add(command("DPDK", "dpdk-testpmd", "DPDK as a peer",
            "apt-get install dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus"));
        findings.add(guestKernel());
        return findings;
    }

    private Finding jdk() {
        final int version = Runtime.version().feature();
        final String detail = Runtime.version() + " in " + System.getProperty("java.home");
        return version >= OLDEST_JDK ? Finding.ok("JDK", detail)
            : Finding.broken("JDK", detail, "apt-get install openjdk-17-jdk-headless");
    }

    private Finding cpus() {
        final int[] cpus = Cpus.available();
        final String detail = cpus.length + " for this process: " + Arrays.toString(cpus);
        return cpus.length > 1 ? Finding.ok("CPUs", detail)
            : Finding.lacking("CPUs", detail + "; a worker shares it with everything else", "taskset -p -c 0-1 $$");
    }

    private Finding memfd() {
        try (Fd fd = SharedMemory.create("millrace-doctor", 4096, false)) {
            SharedMemory.seal(fd);
            return Finding.ok("memfd", "shared memory can be made and sealed");
        } catch (final LinuxException e) {
            return Finding.broken("memfd", e.getMessage(), "use Linux 5.10 or newer, outside of a strict sandbox");
        }
    }

    private Finding hugePages() {
        final long free = HugePages.free();
        final String detail = free + " free of " + HugePages.total() + ", "
            + (HugePages.sizeBytes() >> 10) + " KiB each";
        return free > 0 ? Finding.ok("hugepages", detail)
            : Finding.lacking("hugepages", detail + "; ordinary pages are used, which is slower",
                "sudo sysctl vm.nr_hugepages=256");
    }

    private Finding notifications() {
        try (EventSignal signal = EventSignal.open()) {
            return signal.neverBlocks()
                ? Finding.ok("notifications", "asynchronous I/O signals a peer's eventfd and can never block")
                : Finding.lacking("notifications", "io_setup is refused: a hostile peer may hold a worker up",
                    "sudo sysctl fs.aio-max-nr=1048576, and allow io_setup in the container's seccomp profile");
        }
    }

    private Finding openFiles() {
        final String soft = Limits.soft(root, "Max open files");
        if (soft.isEmpty()) {
            return Finding.lacking("open files", "/proc/self/limits cannot be read", "mount -t proc proc /proc");
        }
        return soft.equals("unlimited") || Long.parseLong(soft) >= 1024
            ? Finding.ok("open files", "up to " + soft)
            : Finding.lacking("open files", "only " + soft + "; a multi-queue port takes many", "ulimit -n 4096");
    }

    private Finding countersFolder() {
        try {
            return Finding.ok("counters", "in " + RuntimeFolder.ofUser().make().path());
        } catch (final ConfigurationException e) {
            return Finding.broken("counters", e.getMessage(), "export XDG_RUNTIME_DIR=$(mktemp -d)");
        }
    }

    private Finding command(final String subject, final String command, final String use, final String mend) {
        for (final Path folder : commandPath) {
            if (Files.isExecutable(folder.resolve(command))) {
                return Finding.ok(subject, folder.resolve(command) + ": " + use);
            }
        }
        return Finding.lacking(subject, "no " + command + " on the PATH: no " + use, mend);
    }

    private Finding guestKernel() {
        try (Stream<Path> boot = Files.list(root.resolve("boot"))) {
            final List<Path> kernels = boot.filter(f -> f.getFileName().toString().startsWith("vmlinuz-")).toList();
            if (kernels.stream().anyMatch(Files::isReadable)) {
                return Finding.ok("guest kernel", kernels.get(0) + ": guests for the tests");
            }
        } catch (final IOException e) {
            // Said below.
        }
        return Finding.lacking("guest kernel", "no readable /boot/vmlinuz-*: the tests with guests are skipped",
            "apt-get install linux-image-cloud-amd64 busybox-static cpio kmod iperf3 iproute2");
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The guests' whole file system, made once a run from what this machine has: busybox, iperf3, ethtool and
 * iputils' ping with their libraries, the modules for virtio and VLANs, and an init that brings the network up and
 * obeys commands on the second serial port.
 */
final class GuestImage {
    private static final String[] MODULES = {"virtio_pci", "virtio_net", "8021q"};
    private static final List<String> TOOLS = List.of("iperf3", "ethtool", "ping");
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");
    /**
     * A command is a line {@code number seconds shell text}; the answer is its output and {@code END number status}.
     * {@code READY} comes once a boot. What a command leaves behind becomes a child of process 1, and busybox's shell
     * forgets the half of a line that it has read when a child ends: so process 1 reads no commands.
     */
    private static final String INIT = String.join("\n",
        "#!/bin/busybox sh",
        "/bin/busybox mkdir -p /proc /sys /tmp /run /dev",
        "/bin/busybox mount -t devtmpfs none /dev; /bin/busybox mount -t proc none /proc",
        "/bin/busybox mount -t sysfs none /sys",
        "/bin/busybox --install -s /bin",
        "export PATH=/tools:/bin:/sbin",
        "while read -r module; do insmod $module; done < /modules.order",
        "ip link set lo up",
        "for word in $(cat /proc/cmdline); do case $word in guest.address=*)",
        "  ip address add ${word#*=}/24 dev eth0; ip link set eth0 up;; esac; done",
        "iperf3 -s -D",
        "(",
        "exec 3<>/dev/ttyS1",
        "stty raw -echo <&3",
        "echo READY >&3",
        "while read -r number seconds command <&3; do",
        "  timeout $seconds sh -c \"$command\" > /tmp/output 2>&1 < /dev/null 3>&-",
        "  status=$?",
        "  cat /tmp/output >&3",
        "  echo END $number $status >&3",
        "done",
        ")",
        "poweroff -f",
        "");
    private static Path made;

    private GuestImage() {
    }

    /** The initramfs for {@code kernel}, made at the first call. */
    static synchronized Path of(final GuestKernel kernel) {
        if (made == null) {
            try {
                made = write(kernel, file("guest"));
            } catch (final IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return made;
    }

    /** A file under {@code target} for an initramfs of that name, deleted when the JVM ends. */
    static Path file(final String name) throws IOException {
        final Path folder = Files.createDirectories(Path.of("target", "peer").toAbsolutePath());
        final Path file = folder.resolve(name + "-" + ProcessHandle.current().pid() + ".cpio");
        file.toFile().deleteOnExit();
        return file;
    }

    private static Path write(final GuestKernel kernel, final Path file) throws IOException {
        final Map<String, Path> files = new LinkedHashMap<>();
        files.put("bin/busybox", Peer.program("busybox").orElseThrow());
        for (final String tool : TOOLS) {
            final Path path = Peer.program(tool).orElseThrow();
            files.put("tools/" + tool, path);
            libraries(path).forEach(library -> files.put(library.substring(1), Path.of(library)));
        }
        final String order = modules(files, kernel.inLoadOrder(MODULES));
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            final CpioWriter cpio = new CpioWriter(out);
            for (final String folder : List.of("dev", "proc", "sys", "tmp", "run")) {
                cpio.folder(folder);
            }
            cpio.characterDevice("dev/console", 5, 1);
            cpio.file("init", INIT.getBytes(StandardCharsets.UTF_8));
            cpio.file("modules.order", order.getBytes(StandardCharsets.UTF_8));
            cpio.files(files);
            cpio.end();
        }
        return file;
    }

    /** Adds {@code modules} to {@code files}, and answers what the init reads: their names in this order. */
    static String modules(final Map<String, Path> files, final List<Path> modules) {
        final StringBuilder order = new StringBuilder();
        for (final Path module : modules) {
            final String name = "modules/" + module.getFileName();
            files.put(name, module);
            order.append('/').append(name).append('\n');
        }
        return order.toString();
    }

    /** The files of the shared libraries that a program or library needs. */
    static Set<String> libraries(final Path program) throws IOException {
        final Process ldd = new ProcessBuilder("ldd", program.toString()).start();
        final Set<String> found = new LinkedHashSet<>();
        final String output = new String(ldd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        final Matcher matcher = LIBRARY.matcher(output);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }
}

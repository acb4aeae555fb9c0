/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Network namespaces, and devices between them, under names that nobody else has. {@link #close()} ends what still runs
 * in the namespaces and removes them with their devices, and the devices it made outside of them.
 *
 * <p>IPv6 is off inside, so that no packet is on the way that no test sent.
 */
final class NetLab implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final int NAMES = 36;

    private final String prefix = "m" + ProcessHandle.current().pid()
        + Integer.toString(NUMBER.getAndIncrement() % NAMES, NAMES);
    private final Path folder;
    private final Deque<Namespace> namespaces = new ArrayDeque<>();
    private final Deque<String> hostDevices = new ArrayDeque<>();

    /** A lab without anything yet; {@code folder} is for what commands leave behind. */
    NetLab(final Path folder) {
        this.folder = folder;
    }

    /** The name that {@code suffix}, of at most 6 characters, gets in this lab. */
    String name(final String suffix) {
        return prefix + suffix;
    }

    /** Makes a namespace called {@link #name name(suffix)} whose only device is the loopback, up. */
    Namespace namespace(final String suffix) {
        final Namespace namespace = new Namespace(name(suffix), folder.resolve(name(suffix)));
        run("ip", "netns", "add", namespace.name);
        namespaces.push(namespace);
        try {
            Files.createDirectories(namespace.folder);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        namespace.run("ip link set lo up; for scope in all default; do"
            + " echo 1 > /proc/sys/net/ipv6/conf/$scope/disable_ipv6 || true; done 2> /dev/null");
        return namespace;
    }

    /**
     * Makes a pair of devices, both up.
     *
     * @param outer one end, in {@code where}, or outside of all namespaces of the lab if that is null
     * @param inner the other end, in {@code inside}
     */
    void veth(final Namespace where, final String outer, final Namespace inside, final String inner) {
        inside.run("ip link add " + inner + " type veth peer name " + outer + "; ip link set " + inner + " up");
        if (where == null) {
            adopt(inside, outer);
            run("ip", "link", "set", outer, "up");
        } else {
            inside.run("ip link set " + outer + " netns " + where.name);
            where.run("ip link set " + outer + " up");
        }
    }

    /** Moves {@code device}, which is down, out of {@code from}, to where the test itself is. */
    void adopt(final Namespace from, final String device) {
        from.run("ip link set " + device + " netns " + ProcessHandle.current().pid());
        hostDevices.push(device);
        run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/" + device + "/disable_ipv6 2> /dev/null || true");
    }

    /** Runs a command outside of the namespaces; it must succeed. */
    static String run(final String... command) {
        return execute(List.of(command), LIMIT).mustSucceed();
    }

    /** Runs a command outside of the namespaces; it may fail. */
    static Station.Result tryToRun(final String... command) {
        return execute(List.of(command), LIMIT);
    }

    @Override
    public void close() {
        while (!namespaces.isEmpty()) {
            namespaces.pop().remove();
        }
        while (!hostDevices.isEmpty()) {
            // Gone with the other end, unless that was never made.
            execute(List.of("ip", "link", "delete", hostDevices.pop()), LIMIT);
        }
    }

    private static Station.Result execute(final List<String> command, final Duration limit) {
        try {
            final Path output = Files.createTempFile("millrace-lab", ".txt");
            try {
                final Process process = new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile()).redirectOutput(output.toFile()).start();
                final boolean isOver = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
                if (!isOver) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly().waitFor();
                }
                final String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
                return new Station.Result(isOver ? process.exitValue() : 124,
                    "$ " + String.join(" ", command) + "\n" + text);
            } finally {
                Files.delete(output);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + command, e);
        }
    }

    /** One namespace, as a station that runs commands of this machine. */
    static final class Namespace implements Station {
        private final String name;
        private final Path folder;
        private final List<ChildProcess> processes = new ArrayList<>();
        private String address;

        private Namespace(final String name, final Path folder) {
            this.name = name;
            this.folder = folder;
        }

        String name() {
            return name;
        }

        @Override
        public String address() {
            return address;
        }

        @Override
        public String scratch() {
            return folder.toString();
        }

        @Override
        public Result shell(final String command, final Duration limit) {
            final Result result = execute(inside(List.of("sh", "-c", command)), limit);
            // Without the line that says what was run: callers read the output.
            return new Result(result.status(), result.status() == 0
                ? result.output().substring(result.output().indexOf('\n') + 1) : result.output());
        }

        /** The same command, inside. */
        List<String> inside(final List<String> command) {
            final List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", name));
            whole.addAll(command);
            return whole;
        }

        /** Starts a process inside, which ends with the namespace at the latest. */
        ChildProcess start(final String what, final List<String> command) {
            final ChildProcess process = ChildProcess.start(what, inside(command));
            processes.add(process);
            return process;
        }

        /** Gives {@code device} an address with 24 bits of network and this size of packets, and serves iperf3. */
        Namespace live(final String device, final String ownAddress, final int mtu) {
            address(device, ownAddress, mtu);
            start("iperf3", List.of("iperf3", "-s", "--forceflush")).await("Server listening", LIMIT);
            return this;
        }

        /** Gives {@code device} an address with 24 bits of network and this size of packets, and sets it up. */
        Namespace address(final String device, final String ownAddress, final int mtu) {
            address = ownAddress;
            run("ip link set " + device + " mtu " + mtu + " up; ip address add " + ownAddress + "/24 dev " + device);
            return this;
        }

        /** The hardware address of a device. */
        String mac(final String device) {
            return run("cat /sys/class/net/" + device + "/address").trim();
        }

        @Override
        public String toString() {
            return name + " " + address;
        }

        private void remove() {
            processes.forEach(ChildProcess::close);
            execute(List.of("sh", "-c", "ip netns pids " + name + " | xargs -r kill -9; ip netns delete " + name),
                LIMIT);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A Linux guest under QEMU without KVM, with one vhost-user network device, eth0, that has the address {@code
 * 10.0.0.ID} from the moment the guest is up. {@link #start} returns at once so that several guests boot side by
 * side; {@link #awaitBoot} waits for the whole of it.
 */
final class Guest implements Station, AutoCloseable {
    private static final Duration BOOT_LIMIT = Duration.ofSeconds(90);
    private static final Duration COMMAND_LIMIT = Duration.ofSeconds(20);
    private static final Duration MIGRATION_LIMIT = Duration.ofSeconds(60);

    private final int id;
    private final int generation;
    private final Path folder;
    private final ChildProcess qemu;
    private final GuestConsole console;

    private Guest(final int id, final int generation, final Path folder, final ChildProcess qemu,
                  final GuestConsole console) {
        this.id = id;
        this.generation = generation;
        this.folder = folder;
        this.qemu = qemu;
        this.console = console;
    }

    /**
     * How a guest is connected.
     *
     * @param socket the vhost-user socket
     * @param isServer whether QEMU makes the socket; otherwise it connects, and connects again each second when cut off
     * @param queues queue pairs; above 1 the device is multiqueue and the guest has as many CPUs
     */
    record Link(Path socket, boolean isServer, int queues) {
        private String chardev() {
            return "socket,id=net,path=" + socket + (isServer ? ",server=on,wait=off" : ",reconnect=1");
        }

        private String netdev() {
            return "vhost-user,id=net0,chardev=net" + (queues > 1 ? ",queues=" + queues : "");
        }

        private String device(final int id) {
            // QEMU 7.2 crashes with MSI-X, vhost-user and TCG together: no vectors, so plain interrupts.
            return "virtio-net-pci,netdev=net0,vectors=0,romfile=,mac=" + macOf(id)
                + (queues > 1 ? ",mq=on" : "");
        }
    }

    /** Starts guest {@code id} (1..250); {@code folder} is for its console socket. */
    static Guest start(final int id, final Path folder, final Link link) {
        return start(id, 0, folder, link);
    }

    private static Guest start(final int id, final int generation, final Path folder, final Link link) {
        return start(id, generation, folder, GuestImage.of(GuestKernel.newest().orElseThrow()),
            "guest.address=10.0.0." + id,
            "-m", "256M", "-smp", Integer.toString(link.queues),
            "-object", "memory-backend-memfd,id=memory,size=256M,share=on", "-numa", "node,memdev=memory",
            "-chardev", link.chardev(), "-netdev", link.netdev(), "-device", link.device(id));
    }

    /** Starts guest {@code id} without a network card, from another file system, with these options of QEMU. */
    static Guest startAlone(final int id, final Path folder, final Path image, final String... options) {
        return startAlone(id, folder, image, "", options);
    }

    /** The same with options of the guest's kernel. */
    static Guest startAlone(final int id, final Path folder, final Path image, final String kernelOptions,
                            final String[] options) {
        return start(id, 0, folder, image, kernelOptions, options);
    }

    /** Starts a QEMU that waits for this guest to be migrated to it, over another link. */
    Guest successor(final Link link) {
        return start(id, generation + 1, folder, link);
    }

    /** Migrates what runs here, live, to a {@link #successor}; this QEMU has only to be closed then. */
    void migrateTo(final Guest successor) {
        final Path incoming = incoming(folder, id, successor.generation);
        Until.holds("QEMU waits for guest " + id, Duration.ofSeconds(20), () -> Files.exists(incoming));
        try (Qmp qmp = Qmp.connect(monitor(folder, id, generation))) {
            qmp.execute("migrate-set-parameters",
                "{\"max-bandwidth\": 1000000000, \"downtime-limit\": 500}");
            qmp.execute("migrate", "{\"uri\": \"unix:" + incoming + "\"}");
            Until.holds("guest " + id + " has migrated", MIGRATION_LIMIT, () -> {
                final String state = qmp.execute("query-migrate", "{}");
                if (state.contains("\"failed\"")) {
                    throw new AssertionError("the migration failed: " + state);
                }
                return state.contains("\"completed\"");
            });
        }
    }

    private static Path monitor(final Path folder, final int id, final int generation) {
        return folder.resolve("qmp-" + id + "-" + generation + ".sock");
    }

    private static Path incoming(final Path folder, final int id, final int generation) {
        return folder.resolve("incoming-" + id + "-" + generation + ".sock");
    }

    private static Guest start(final int id, final int generation, final Path folder, final Path image,
                               final String kernelOption, final String... options) {
        final Path agent = folder.resolve("agent-" + id + "-" + generation + ".sock");
        final List<String> command = new ArrayList<>(List.of("qemu-system-x86_64",
            "-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none",
            "-kernel", GuestKernel.newest().orElseThrow().image().toString(), "-initrd", image.toString(),
            // no_timer_check: on a loaded machine the guest would panic about its timer.
            "-append", "console=ttyS0 no_timer_check panic=-1 loglevel=4 " + kernelOption,
            "-chardev", "stdio,id=log,signal=off", "-serial", "chardev:log",
            "-chardev", "socket,id=agent,path=" + agent + ",server=on,wait=off", "-serial", "chardev:agent",
            "-qmp", "unix:" + monitor(folder, id, generation) + ",server=on,wait=off"));
        command.addAll(List.of(options));
        if (generation > 0) {
            command.addAll(List.of("-incoming", "unix:" + incoming(folder, id, generation)));
        }
        try {
            Files.deleteIfExists(agent);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        final ChildProcess qemu = ChildProcess.start("guest-" + id, command);
        try {
            return new Guest(id, generation, folder, qemu,
                new GuestConsole("guest " + id, agent, Duration.ofSeconds(20)));
        } catch (final AssertionError e) {
            qemu.close();
            throw e;
        }
    }

    /** Waits until the guest has come up {@code boots} times since its start. */
    Guest awaitBoot(final int boots) {
        Until.holds("guest " + id + " is up", BOOT_LIMIT, () -> {
            if (!qemu.isAlive()) {
                throw new AssertionError("QEMU of guest " + id + " ended by itself");
            }
            return console.boots() >= boots;
        });
        return this;
    }

    @Override
    public String address() {
        return "10.0.0." + id;
    }

    /** The hardware address of eth0. */
    String mac() {
        return macOf(id);
    }

    @Override
    public String scratch() {
        return "/tmp";
    }

    @Override
    public String pingProgram() {
        // busybox's shell takes its own for a bare "ping".
        return "/tools/ping";
    }

    @Override
    public Result shell(final String command, final Duration limit) {
        return console.run(command, limit);
    }

    /** Sends TCP to {@code other}, or receives it from there, for three seconds; answers the bytes that arrived. */
    long tcp(final Guest other, final boolean receive) {
        return Iperf.tcp(this, other, receive, 3);
    }

    /** Restarts the guest from inside, without its consent being asked, and waits until it is up again. */
    void reboot() {
        final int boots = console.boots();
        console.send("reboot -f", COMMAND_LIMIT);
        awaitBoot(boots + 1);
    }

    /** SIGKILL to QEMU. */
    void kill() {
        qemu.kill();
        console.close();
    }

    /** Ends QEMU as a management tool would, by SIGTERM, and for certain. */
    @Override
    public void close() {
        if (qemu.isAlive()) {
            qemu.terminate();
            Until.within(Duration.ofSeconds(5), () -> !qemu.isAlive());
        }
        qemu.close();
        console.close();
    }

    @Override
    public String toString() {
        return "guest " + address();
    }

    private static String macOf(final int id) {
        return "52:54:00:00:00:" + String.format("%02x", id);
    }
}

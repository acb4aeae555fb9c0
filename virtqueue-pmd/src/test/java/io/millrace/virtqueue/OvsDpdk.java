/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Open vSwitch with DPDK: one bridge that learns, with a vhost-user port for each socket, which it connects to. It has
 * a database, sockets and logs of its own in one folder, and its tap devices in a network namespace that ends with it,
 * so it knows nothing of another that may run on this machine.
 */
final class OvsDpdk implements AutoCloseable {
    private static final Path SWITCH = Path.of("/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk");
    private static final Path SCHEMA = Path.of("/usr/share/openvswitch/vswitch.ovsschema");
    private static final int LIMIT_S = 60;

    private final Path folder;
    private final String bridge = "ovs" + ProcessHandle.current().pid();
    private final List<Process> processes = new ArrayList<>();
    private Process daemon;

    private OvsDpdk(final Path folder) {
        this.folder = folder;
    }

    /** Whether it is installed and may be run; if not, says so in one line. */
    static boolean isPossible() throws IOException {
        if (!Files.isExecutable(SWITCH) || !Files.exists(SCHEMA)) {
            System.out.println("skipped: Open vSwitch with DPDK is missing (apt-get install openvswitch-switch-dpdk)");
            return false;
        }
        try {
            if (new ProcessBuilder("unshare", "--net", "true").start().waitFor() == 0) {
                return true;
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        System.out.println("skipped: Open vSwitch needs the right to make a network namespace (root)");
        return false;
    }

    /** Starts it, and returns when its bridge has a port for each of these sockets. */
    static OvsDpdk start(final Path folder, final Path... sockets) throws IOException {
        final OvsDpdk ovs = new OvsDpdk(folder);
        try {
            ovs.run("ovsdb-tool", "create", ovs.path("conf.db"), SCHEMA.toString());
            ovs.launch("ovsdb-server", ovs.path("conf.db"), "--remote=punix:" + ovs.path("db.sock"),
                "--unixctl=" + ovs.path("db.ctl"));
            Await.until("the database's socket", () -> Files.exists(folder.resolve("db.sock")));
            // Open vSwitch adds --in-memory, which does not go with --no-huge, unless it is told --legacy-mem.
            ovs.configure("--no-wait", "init", "--", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                // Shared memory would be for 262144 packets, which half a gigabyte does not always hold.
                "other_config:dpdk-alloc-mem=512", "other_config:per-port-memory=true",
                "other_config:pmd-cpu-mask=" + (cpus() > 1 ? 2 : 1),
                "other_config:dpdk-extra=--no-huge --legacy-mem --no-pci --no-telemetry --file-prefix " + ovs.bridge);
            ovs.startDaemon();
            final List<String> ports = new ArrayList<>(List.of("add-br", ovs.bridge, "--", "set", "bridge", ovs.bridge,
                "datapath_type=netdev"));
            for (int i = 0; i < sockets.length; i++) {
                ports.addAll(List.of("--", "add-port", ovs.bridge, "p" + i, "--", "set", "interface", "p" + i,
                    "type=dpdkvhostuserclient", "options:vhost-server-path=" + sockets[i]));
            }
            ovs.configure(ports.toArray(new String[0]));
            return ovs;
        } catch (final IOException | RuntimeException | AssertionError e) {
            ovs.close();
            throw e;
        }
    }

    private static int cpus() {
        return Runtime.getRuntime().availableProcessors();
    }

    private String path(final String name) {
        return folder.resolve(name).toString();
    }

    private void startDaemon() throws IOException {
        daemon = launch("unshare", "--net", SWITCH.toString(), "unix:" + path("db.sock"),
            "--unixctl=" + path("switch.ctl"));
    }

    /** kill -9 to the switch; the database lives on. */
    void kill() {
        end(daemon);
    }

    /** Starts the switch that was killed again. It has the same ports. */
    void restart() throws IOException {
        startDaemon();
    }

    private void configure(final String... words) throws IOException {
        final List<String> command = new ArrayList<>(List.of("ovs-vsctl", "--db=unix:" + path("db.sock"),
            "--timeout=" + LIMIT_S));
        command.addAll(List.of(words));
        run(command.toArray(new String[0]));
    }

    private Process launch(final String... command) throws IOException {
        final Process process = builder(command).start();
        processes.add(process);
        return process;
    }

    private void run(final String... command) throws IOException {
        final Process process = launch(command);
        try {
            if (!process.waitFor(LIMIT_S, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError(String.join(" ", command) + " failed:\n" + log());
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private ProcessBuilder builder(final String... command) {
        final ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()));
        for (final String name : new String[] {"OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"}) {
            builder.environment().put(name, folder.toString());
        }
        return builder;
    }

    /** The last that its programs have said. */
    String log() {
        try {
            final String all = Files.readString(folder.resolve("log"));
            return all.substring(Math.max(0, all.length() - 4000));
        } catch (final IOException e) {
            return "no log: " + e;
        }
    }

    private static void end(final Process process) {
        process.destroyForcibly();
        try {
            if (!process.waitFor(LIMIT_S, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a process of Open vSwitch does not die");
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        for (int i = processes.size() - 1; i >= 0; i--) {
            end(processes.get(i));
        }
    }
}

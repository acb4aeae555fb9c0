/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Open vSwitch with DPDK in place of Millrace: a bridge that learns, whose own device is in a namespace, and a
 * vhost-user port for each of some sockets. Its processes end with the namespace.
 */
final class OvsSwitch {
    private static final String DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk";
    private static final String SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private OvsSwitch() {
    }

    /** Whether it is installed. */
    static boolean isInstalled() {
        return Files.isExecutable(Path.of(DAEMON)) && Files.exists(Path.of(SCHEMA));
    }

    /**
     * Starts it.
     *
     * @param folder  for its files, and for the sockets, which it makes.
     * @param bridge  the name of the bridge and of its device.
     * @param sockets names of files in that folder.
     */
    static void start(final NetLab.Namespace namespace, final Path folder, final String bridge,
                      final List<String> sockets) {
        final String database = folder.resolve("ovs.db").toString();
        final String socket = folder.resolve("ovsdb.sock").toString();
        final String here = "env OVS_RUNDIR=" + folder + " OVS_LOGDIR=" + folder + " OVS_DBDIR=" + folder + " ";
        final String vsctl = here + "ovs-vsctl --timeout=" + LIMIT.toSeconds() + " --db=unix:" + socket + " ";
        namespace.run("ovsdb-tool create " + database + " " + SCHEMA);
        namespace.start("ovsdb", List.of("sh", "-c", "exec " + here + "ovsdb-server " + database + " --remote=punix:"
            + socket + " --unixctl=" + folder.resolve("ovsdb.ctl")));
        Until.holds("the database serves " + socket, LIMIT, () -> Files.exists(Path.of(socket)));
        // Open vSwitch adds --in-memory, which does not go with --no-huge, unless it is told --legacy-mem.
        namespace.shell(vsctl + "--no-wait init -- set Open_vSwitch . other_config:dpdk-init=true"
            + " other_config:dpdk-alloc-mem=512 other_config:per-port-memory=true other_config:pmd-cpu-mask=2"
            + " 'other_config:dpdk-extra=--no-huge --legacy-mem --no-pci --no-telemetry --file-prefix " + bridge + "'",
            LIMIT).mustSucceed();
        namespace.start("ovs", List.of("sh", "-c", "exec " + here + DAEMON + " unix:" + socket + " --unixctl="
            + folder.resolve("ovs.ctl")));
        final StringBuilder ports = new StringBuilder("add-br " + bridge + " -- set bridge " + bridge
            + " datapath_type=netdev");
        for (final String name : sockets) {
            ports.append(" -- add-port ").append(bridge).append(' ').append(name).append(" -- set interface ")
                .append(name).append(" type=dpdkvhostuser");
        }
        namespace.shell(vsctl + ports, LIMIT).mustSucceed();
        sockets.forEach(name -> Until.holds("Open vSwitch serves " + name, LIMIT,
            () -> Files.exists(folder.resolve(name))));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Millrace against real peers, run as its users run it: the command line in a process of its own, QEMU guests and
 * DPDK's testpmd at the other end of the sockets.
 *
 * <pre>
 *   JUnit ── ChildProcess ─┬─ MillraceProcess   millrace switch | echo ... --json
 *                          │        │ vhost-user sockets
 *                          ├─ Guest │           QEMU under TCG; commands over its second serial port
 *                          ├─ TestPmd           net_pcap in, net_virtio_user, net_pcap out
 *                          └─ NetLab            namespaces on taps and veths; ping, iperf3, tcpdump inside
 * </pre>
 *
 * <p>What a machine lacks is said in one printed line, and the tests that need it are skipped: see {@link
 * io.millrace.examples.peer.Peer}. Logs of every process stay in {@code target/peer} and their ends are attached to
 * failures by {@link io.millrace.examples.peer.PeerLogs}.
 *
 * <p>Reading order: {@link io.millrace.examples.peer.ChildProcess}, {@link
 * io.millrace.examples.peer.MillraceProcess}, then {@link io.millrace.examples.peer.Guest} with {@link
 * io.millrace.examples.peer.QemuSwitchTest}, then {@link io.millrace.examples.peer.TestPmd} with {@link
 * io.millrace.examples.peer.DpdkVirtioUserTest}, then {@link io.millrace.examples.peer.NetLab} and {@link
 * io.millrace.examples.peer.Capture} with {@link io.millrace.examples.peer.OutsideSwitchTest}, and {@link
 * io.millrace.examples.peer.Outage} with {@link io.millrace.examples.peer.OutsideFaultsTest}.
 */
package io.millrace.examples.peer;

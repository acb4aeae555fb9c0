/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Linux, as far as a data plane needs it: descriptors, shared memory, local sockets, wake-ups, processors and
 * network interfaces. The only package of the project that calls C.
 *
 * <pre>
 *   a stranger's process                          this process
 *
 *   connect ------------------ path ------------- UnixListener
 *      |                                               | accept
 *   bytes + descriptors ------------------------- UnixSocket --- ReceivedFds --- Fd --- FileStatus   "may I use it?"
 *                                                                                 |
 *   memfd ======================= the same pages ============================ Mapping                populate, overmap
 *   eventfd ("kick")  --------------------------------------------------------- Epoll                wakes our thread
 *   eventfd ("call")  ------------------------------------------------------ EventSignal             wakes theirs
 *
 *   the kernel                                    this process
 *
 *   interfaces --------- rtnetlink -------------- Interfaces     asks and configures       opened in a NetNamespace
 *        news ---------- rtnetlink -------------- LinkMonitor    hears                     or in that of the process
 *   tap device ---------- /dev/net/tun ---------- TunDevice      makes, attaches           read by PacketIo or IoUring
 *   vhost-net worker ---- /dev/vhost-net -------- VhostNet       serves virtqueues         between them and a TunDevice
 *   programs, maps ------- bpf(2) --------------- Bpf            loads, attaches, pins     gone with their descriptors
 *   frames of a NIC ------ AF_XDP --------------- XdpSocket      four XdpRings             in memory of the process
 * </pre>
 *
 * <p>Three rules hold everywhere. One object owns each descriptor, and each piece of native memory, and closing is
 * idempotent. Nothing waits for a stranger: sockets do not block, and where the kernel would block, another call is
 * used. What a system call refuses is a {@link io.millrace.linux.LinuxException} that says what to do about it; what is
 * expected, such as {@code EAGAIN} or a peer that has gone, is a return value.
 *
 * <p>Reading order: {@link io.millrace.linux.Fd}, {@link io.millrace.linux.FileStatus},
 * {@link io.millrace.linux.Mapping}, {@link io.millrace.linux.UnixSocket}, {@link io.millrace.linux.EventSignal};
 * for devices {@link io.millrace.linux.Interfaces} and {@link io.millrace.linux.NetNamespace},
 * {@link io.millrace.linux.TunDevice}, {@link io.millrace.linux.Bpf}; then {@code LibC}, which is all there is below.
 */
package io.millrace.linux;

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Headers of packets, read and written where they are, and the Internet checksum.
 *
 * <pre>
 *  packet i of a burst
 *  |                                                         burst.length(i)
 *  v                                                         |
 *  +-------------+-------------------+---------+-------------+
 *  |  Ethernet   |       Ipv4        |   Udp   |   payload   |
 *  +-------------+-------------------+---------+-------------+
 *  ^             ^                   ^         ^
 *  offset 0      ethernet.end()      ip.end()  udp.end()
 * </pre>
 *
 * <p>A header object is a flyweight: it holds an address and a length, never bytes, and can be laid over one packet
 * after another. <b>A node owns its flyweights, one of each kind, and wraps them anew for every packet.</b> None is
 * ever made on the packet path, and none is shared between threads.
 *
 * <pre>{@code
 *  private final Ethernet ethernet = new Ethernet();
 *  private final Ipv4 ip = new Ipv4();
 *
 *  if (ethernet.wrap(burst, i) && ethernet.type() == EtherType.IPV4
 *      && ip.wrap(burst, i, ethernet.end()) && ip.isValid()) {
 *      ip.decrementTimeToLive();
 *  }
 * }</pre>
 *
 * <p>Packets come from strangers. {@code wrap} says whether the fixed part of the header is there at all,
 * {@code isValid} whether its own length fields agree with the packet, and every access is checked against the end of
 * the packet: what lies beyond throws {@link java.lang.IndexOutOfBoundsException} with the header's name and never
 * touches other memory.
 *
 * <p>Reading order: {@link io.millrace.packet.Header}, {@link io.millrace.packet.Ethernet} with
 * {@link io.millrace.packet.MacAddress}, {@link io.millrace.packet.Ipv4}, {@link io.millrace.packet.Udp},
 * {@link io.millrace.packet.Checksum}. The others follow the same pattern. To add a protocol, extend
 * {@link io.millrace.packet.Header}.
 */
package io.millrace.packet;

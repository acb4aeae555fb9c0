/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Pings in a VLAN as bytes, for machines whose kernel has no VLAN devices. */
final class TaggedPing {
    /** Where the IP header starts: behind the addresses, the tag and the type. */
    static final int IP = 18;

    private static final int IP_BYTES = 20;
    private static final int ICMP_BYTES = 8;
    private static final int PAYLOAD_BYTES = 56;

    private TaggedPing() {
    }

    /** An echo request from 10.0.{@code vlan}.200 to 10.0.{@code vlan}.1. */
    static byte[] request(final String source, final String destination, final int vlan, final int sequence) {
        final ByteBuffer frame = ByteBuffer.allocate(IP + IP_BYTES + ICMP_BYTES + PAYLOAD_BYTES);
        frame.put(bytes(destination)).put(bytes(source));
        // IEEE 802.1Q: tag protocol, priority and VLAN; then the type that was there before.
        frame.putShort((short)0x8100).putShort((short)vlan).putShort((short)0x0800);
        // RFC 791: version and length, service, total length, number, don't fragment, hops, ICMP, checksum, addresses.
        frame.putShort((short)0x4500).putShort((short)(IP_BYTES + ICMP_BYTES + PAYLOAD_BYTES)).putShort((short)0)
            .putShort((short)0x4000).put((byte)64).put((byte)1).putShort((short)0)
            .put(new byte[] {10, 0, (byte)vlan, (byte)200}).put(new byte[] {10, 0, (byte)vlan, 1});
        frame.putShort(IP + 10, checksum(frame.array(), IP, IP_BYTES));
        // RFC 792: echo, code, checksum, identifier, sequence.
        final int icmp = frame.position();
        frame.putShort((short)0x0800).putShort((short)0).putShort((short)0x4d52).putShort((short)sequence);
        Arrays.fill(frame.array(), frame.position(), frame.capacity(), (byte)0x5a);
        frame.putShort(icmp + 2, checksum(frame.array(), icmp, frame.capacity() - icmp));
        return frame.array();
    }

    /** Sends {@code count} requests out of a device of a namespace. */
    static void send(final NetLab.Namespace namespace, final String device, final String destination, final int vlan,
        final int count) {
        final Path file = Path.of(namespace.scratch(), "tagged.pcap");
        final String source = namespace.mac(device);
        Pcap.write(file, IntStream.range(0, count).mapToObj(i -> request(source, destination, vlan, i)).toList());
        try (TestPmd testPmd = TestPmd.launch(namespace,
            List.of("net_pcap0,rx_pcap=" + file + ",tx_iface=" + device),
            List.of("--forward-mode=io", "--port-topology=loop", "--no-flush-rx"))) {
            testPmd.awaitPrompt();
            testPmd.startForwarding();
            Until.holds("all are sent", Duration.ofSeconds(10), () -> testPmd.sent(0) >= count);
            testPmd.quit();
        }
    }

    /** RFC 1071. */
    private static short checksum(final byte[] bytes, final int from, final int length) {
        int sum = 0;
        for (int i = 0; i < length; i += 2) {
            sum += (bytes[from + i] & 0xff) << 8 | bytes[from + i + 1] & 0xff;
        }
        return (short)~((sum & 0xffff) + (sum >>> 16));
    }

    private static byte[] bytes(final String mac) {
        final byte[] bytes = new byte[6];
        final String[] parts = mac.split(":");
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte)Integer.parseInt(parts[i], 16);
        }
        return bytes;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * A driver and a node that a user wrote, found on the class path and run by the command line:
 *
 * <pre>
 *   left peer --- udp:left --- filter --- ttl --- udp:right --- right peer
 * </pre>
 */
class ThirdPartyTest {
    private static final int PATIENCE_MS = 60_000;
    private static final int TTL_OFFSET = 22;
    private static final int CHECKSUM_OFFSET = 24;

    @TempDir
    private static Path built;
    private static Path jar;

    @TempDir
    private Path folder;
    private DatagramSocket left;
    private DatagramSocket right;

    @BeforeAll
    static void compile() throws IOException {
        jar = Acme.jar(built);
    }

    @BeforeEach
    void openPeers() throws IOException {
        left = peer();
        right = peer();
    }

    @AfterEach
    void closePeers() {
        left.close();
        right.close();
    }

    private static DatagramSocket peer() throws IOException {
        final DatagramSocket socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        socket.setSoTimeout(PATIENCE_MS);
        return socket;
    }

    /** The port as it is written, on a UDP port that is free now; {@code peer} speaks to nobody else from then on. */
    private static String port(final String name, final DatagramSocket peer) throws IOException {
        try (DatagramSocket free = peer()) {
            peer.connect(free.getLocalSocketAddress());
            return "udp:" + name + ",local=" + free.getLocalPort() + ",peer=" + peer.getLocalPort();
        }
    }

    private static void send(final DatagramSocket peer, final byte[] packet) throws IOException {
        peer.send(new DatagramPacket(packet, packet.length));
    }

    private static byte[] receive(final DatagramSocket peer) throws IOException {
        final DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
        peer.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    private static byte[] packet(final int type, final int timeToLive) {
        final ByteBuffer packet = ByteBuffer.allocate(64);
        packet.putShort(12, (short) type).put(14, (byte) 0x45).putShort(16, (short) 50)
            .put(TTL_OFFSET, (byte) timeToLive).put(23, (byte) 17).putInt(26, 0x0a000001).putInt(30, 0x0a000002);
        return packet.putShort(CHECKSUM_OFFSET, (short) ~sum(packet)).array();
    }

    /** The ones' complement sum of the IPv4 header: 0xFFFF where the checksum in it is right. */
    private static int sum(final ByteBuffer packet) {
        int sum = 0;
        for (int at = 14; at < 34; at += 2) {
            sum += packet.getShort(at) & 0xFFFF;
        }
        return (sum & 0xFFFF) + (sum >>> 16);
    }

    @Test
    void shouldRunADriverAndANodeOfTheUser() throws Exception {
        try (Child child = Child.millrace(folder, jar, "patch", port("left", left), port("right", right),
            "--via", "filter:ip+and+udp", "--via", "ttl,hops=2")) {
            child.awaitOut("ready: 2 ports", 60);
            for (int i = 0; i < 5; i++) {
                send(left, packet(0x88b5, 64));
            }
            for (int timeToLive = 1; timeToLive <= 60; timeToLive++) {
                send(left, packet(0x0800, timeToLive));
                if (timeToLive > 2) {
                    final byte[] got = receive(right);
                    assertEquals(timeToLive - 2, got[TTL_OFFSET]);
                    assertEquals(0xFFFF, sum(ByteBuffer.wrap(got)));
                    got[TTL_OFFSET] += 2;
                    final byte[] was = packet(0x0800, timeToLive);
                    System.arraycopy(was, CHECKSUM_OFFSET, got, CHECKSUM_OFFSET, 2);
                    assertEquals(ByteBuffer.wrap(was), ByteBuffer.wrap(got));
                }
            }
            // The nodes behind the other port are others.
            send(right, packet(0x0800, 2));
            send(right, packet(0x0800, 255));
            assertEquals(253, receive(left)[TTL_OFFSET] & 0xFF);
            child.signal("TERM");
            assertEquals(0, child.await(60), child.err());
            final String report = child.out().replaceAll(" +", " ");
            for (final String line : new String[] {"left 0 65 ", "right 0 2 ", "drop node/left.filter not-matched 5",
                "drop node/left.ttl expired 2", "drop node/right.ttl expired 1"}) {
                assertTrue(report.contains(line), line + " in " + child.out());
            }
            assertEquals(3, report.split("drop ", -1).length - 1, report);
        }
    }

    @Test
    void shouldListThemInTheHelp() throws Exception {
        try (Child child = Child.millrace(folder, jar, "--help")) {
            assertEquals(0, child.await(60), child.err());
            for (final String usage : new String[] {"  udp:NAME,local=N,peer=N\n", "  ttl[,hops=N]\n", "  tap:DEVICE",
                "  police:N"}) {
                assertTrue(child.out().contains(usage), child.out());
            }
        }
    }

    @Test
    void shouldSayWhatTheyRefuse() throws Exception {
        assertRefused(jar, "the option hops of node \"ttl,hops=0\" is a whole number from 1 to 255, not 0",
            "patch", port("left", left), port("right", right), "--via", "ttl,hops=0");
        assertRefused(jar, "the port \"udp:left\" needs local= and peer=", "echo", "udp:left");
    }

    @Test
    void shouldSayThatAJarIsBroken() throws Exception {
        final Path services = Files.createDirectories(folder.resolve("broken/META-INF/services"));
        Files.writeString(services.resolve("io.millrace.PortType"), "com.example.acme.Nowhere\n");
        final Path broken = services.getParent().getParent();
        assertRefused(broken, "a port type on the class path cannot be loaded (io.millrace.PortType: Provider "
            + "com.example.acme.Nowhere not found): mend that jar or take it off", "echo", "frob:x");
        try (Child child = Child.millrace(folder, broken, "--help")) {
            assertEquals(0, child.await(60), child.err());
            assertTrue(child.out().replaceAll("\\s+", " ").contains("cannot be loaded: io.millrace.PortType: Provider "
                + "com.example.acme.Nowhere not found)"), child.out());
        }
    }

    private void assertRefused(final Path classPath, final String sentence, final String... args) throws Exception {
        try (Child child = Child.millrace(folder, classPath, args)) {
            assertEquals(2, child.await(60), child.out());
            assertTrue(child.err().contains(sentence), child.err());
            assertEquals(1, child.err().lines().count(), child.err());
        }
    }
}

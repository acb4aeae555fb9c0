/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who holds a queue of a real device, and what a kernel would answer that lists its sockets. */
class XdpHoldersTest {
    private static final int AF_XDP = 44;
    private static final int SOL_XDP = 283;
    private static final int RX_RING = 2;
    private static final int UMEM_REG = 4;
    private static final int FILL_RING = 5;
    private static final int COMPLETION_RING = 6;
    private static final int GENERIC_COPY = 2;
    private static final int FRAME = 2048;
    private static final long PATIENCE_NS = 20_000_000_000L;

    private final int pid = (int) ProcessHandle.current().pid();

    /** A socket as one holds a queue with; it need not be able to receive. */
    private static Fd bind(final int index, final int queue, final Mapping memory) {
        final Fd fd = Fd.ownResult(LibC.socket(AF_XDP, 3 | 0x80000, 0), "open an AF_XDP socket", "");
        try (Scratch value = new Scratch(32)) {
            value.putLong(0, memory.address());
            value.putLong(8, memory.length());
            value.putInt(16, FRAME);
            assertEquals(0, LibC.setsockopt(fd.number(), SOL_XDP, UMEM_REG, value.address(), 32), "UMEM");
            value.putInt(0, 64);
            for (final int ring : new int[] {FILL_RING, COMPLETION_RING, RX_RING}) {
                assertEquals(0, LibC.setsockopt(fd.number(), SOL_XDP, ring, value.address(), 4), "ring " + ring);
            }
            // struct sockaddr_xdp { u16 family, flags; u32 index, queue, shared; }
            value.putShort(0, AF_XDP);
            value.putShort(2, GENERIC_COPY);
            value.putInt(4, index);
            value.putInt(8, queue);
            value.putInt(12, 0);
            assertEquals(0, LibC.bind(fd.number(), value.address(), 16), () -> "bind: " + Errno.name(LibC.errno()));
        }
        return fd;
    }

    @Test
    void shouldFindTheQueueThatIsHeld() throws IOException {
        try (TestNamespace network = TestNamespace.create(); NetNamespace namespace = network.open()) {
            network.ip("link add left numrxqueues 4 numtxqueues 4 type veth peer name right");
            network.ip("link set left up");
            final int index = namespace.call(() -> {
                try (Interfaces interfaces = Interfaces.open()) {
                    return interfaces.find("left").index();
                }
            });
            assertEquals(List.of(), namespace.call(() -> XdpHolders.of(index)));
            try (Mapping memory = Mapping.anonymous(64 * FRAME, "umem");
                Fd socket = namespace.call(() -> bind(index, 2, memory))) {
                assertTrue(socket.isOpen());
                assertTrue(SocketOwners.ofProtocol("XDP").contains(pid));
                final List<XdpHolder> holders = namespace.call(() -> XdpHolders.of(index));
                Needs.that(!holders.isEmpty(), "a kernel with CONFIG_XDP_SOCKETS_DIAG, or Linux 6.18");
                assertEquals(List.of(2), holders.stream().map(XdpHolder::queue).toList());
                // Other tests on this machine may have such sockets too, and then nobody knows whose it is.
                if (SocketOwners.ofProtocol("XDP").equals(List.of(pid))) {
                    final String command = Files.readString(Path.of("/proc/self/comm")).trim();
                    assertEquals(new XdpHolder(index, 2, pid, command), holders.get(0));
                    assertEquals("queue 2: " + command + " (pid " + pid + ")", holders.get(0).toString());
                }
            }
            // The kernel lets go of a queue a moment after the socket was closed, on a thread of its own.
            final long deadline = System.nanoTime() + PATIENCE_NS;
            while (!namespace.call(() -> XdpHolders.of(index)).isEmpty()) {
                assertTrue(System.nanoTime() < deadline, "still held");
            }
        }
    }

    @Test
    void shouldFindTheProcessOfASocketByItsInode() {
        final UnixSocket[] pair = UnixSocket.pair();
        try (UnixSocket one = pair[0]; UnixSocket two = pair[1]) {
            assertEquals(pid, SocketOwners.ofInode(inode(one)));
            assertNotEquals(0, inode(two));
            assertEquals(0, SocketOwners.ofInode(1));
        }
    }

    private static long inode(final UnixSocket socket) {
        final String target = socket.fd().target();
        return Long.parseLong(target.substring("socket:[".length(), target.length() - 1));
    }

    @Test
    void shouldReadWhatAKernelAnswersThatListsItsSockets() {
        final UnixSocket[] pair = UnixSocket.pair();
        try (UnixSocket one = pair[0]; UnixSocket two = pair[1]) {
            final ByteBuffer datagram = ByteBuffer.allocate(200).order(ByteOrder.nativeOrder());
            diag(datagram, inode(one), 5, 3);
            diag(datagram, inode(two), 5, 1);
            diag(datagram, inode(two), 6, 0);
            diag(datagram, 1, 5, 7);
            final List<XdpHolder> holders = XdpHolders.of(5, NetlinkMessage.parse(datagram.flip()));
            final String command = SocketOwners.command(pid);
            assertEquals(List.of(new XdpHolder(5, 1, pid, command), new XdpHolder(5, 3, pid, command),
                new XdpHolder(5, 7, 0, "")), holders);
            assertEquals("queue 7: an unknown process", holders.get(2).toString());
        }
    }

    /** One struct xdp_diag_msg with its XDP_DIAG_INFO. */
    private static void diag(final ByteBuffer datagram, final long inode, final int index, final int queue) {
        datagram.putInt(44).putShort((short) 20).putShort((short) 2).putInt(1).putInt(0);
        datagram.put((byte) AF_XDP).put((byte) 3).putShort((short) 0).putInt((int) inode).putLong(0);
        datagram.putShort((short) 12).putShort((short) 1).putInt(index).putInt(queue);
    }
}

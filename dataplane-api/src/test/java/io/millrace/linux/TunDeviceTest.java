/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TunDeviceTest {
    private static final int LENGTH = 100;

    @TempDir
    Path folder;
    private TestNamespace namespace;
    private NetNamespace inside;
    private TunDevice device;

    @BeforeEach
    void open() {
        Needs.that(Files.exists(TunDevice.NODE), "/dev/net/tun: modprobe tun");
        namespace = TestNamespace.create();
        inside = namespace.open();
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
        if (namespace != null) {
            inside.close();
            namespace.close();
        }
    }

    private TunDevice open(final String name, final int flags) {
        return inside.call(() -> TunDevice.open(name, flags));
    }

    @Test
    void shouldMakeADeviceThatGoesWhenItIsClosed() {
        device = open("tap7", TunDevice.TAP);
        assertEquals("tap7", device.name());
        assertTrue(namespace.ip("-o link show").contains("tap7"));
        device.close();
        assertFalse(namespace.ip("-o link show").contains("tap7"));
    }

    @Test
    void shouldSayThatTheDriverIsMissing() {
        final LinuxException refusal = assertThrows(LinuxException.class,
            () -> TunDevice.open(folder.resolve("tun"), "tap7", TunDevice.TAP));
        assertEquals(Errno.ENOENT, refusal.errno());
        assertTrue(refusal.getMessage().contains("modprobe tun"), refusal.getMessage());
    }

    @Test
    void shouldSayThatANameIsTooLong() {
        final LinuxException refusal =
            assertThrows(LinuxException.class, () -> TunDevice.open("abcdefghijklmnop", TunDevice.TAP));
        assertTrue(refusal.getMessage().contains("1 to 15 characters"), refusal.getMessage());
    }

    @Test
    void shouldSayThatTheDeviceIsTaken() {
        device = open("tap7", TunDevice.TAP);
        final LinuxException refusal = assertThrows(LinuxException.class, () -> open("tap7", TunDevice.TAP));
        assertEquals(Errno.EBUSY, refusal.errno());
    }

    @Test
    void shouldKnowThatItWasDeletedOrRenamed() {
        device = open("tap7", TunDevice.TAP);
        namespace.ip("link set tap7 name tap8");
        assertEquals("tap8", device.name());
        namespace.ip("link del tap8");
        assertNull(device.name());
        try (Scratch memory = new Scratch(LENGTH)) {
            assertEquals(-Errno.EBADFD, PacketIo.read(device.fd().number(), memory.address(), LENGTH));
        }
    }

    @Test
    void shouldReadNothingAndRefuseToWriteWhileItIsDown() {
        device = open("tap7", TunDevice.TAP);
        try (Scratch memory = new Scratch(LENGTH)) {
            final int fd = device.fd().number();
            assertEquals(-Errno.EAGAIN, PacketIo.read(fd, memory.address(), LENGTH));
            assertEquals(-Errno.EIO, PacketIo.write(fd, memory.address(), LENGTH));
            namespace.ip("link set tap7 up");
            assertEquals(LENGTH, PacketIo.write(fd, memory.address(), LENGTH));
        }
    }

    @Test
    void shouldRefuseToAdoptSomethingElse() {
        try (EventFd other = EventFd.create()) {
            assertThrows(LinuxException.class, () -> TunDevice.adopt(other.fd()));
            assertTrue(other.fd().isOpen(), "it is still the caller's");
        }
    }

    @Test
    void shouldNameTheNamespaceItWasMovedTo() {
        device = open("tap7", TunDevice.TAP);
        try (TestNamespace other = TestNamespace.create()) {
            namespace.ip("link set tap7 netns " + other.name());
            try (NetNamespace found = device.namespace()) {
                assertTrue(found.call(() -> {
                    try (Interfaces interfaces = Interfaces.open()) {
                        return interfaces.find("tap7") != null;
                    }
                }));
            }
        }
    }

    @Test
    void shouldRefuseOffloadsThatNobodyKnows() {
        device = open("tap7", TunDevice.TAP | TunDevice.VNET_HEADER);
        assertTrue(device.offloads(TunDevice.OFFLOAD_CSUM | TunDevice.OFFLOAD_TSO4));
        assertFalse(device.offloads(1 << 30));
        assertTrue(device.offloads(0));
    }
}

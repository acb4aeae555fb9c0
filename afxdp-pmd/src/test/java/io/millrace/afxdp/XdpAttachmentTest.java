/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.ConfigurationException;
import io.millrace.linux.Bpf;
import io.millrace.linux.BpfLinkInfo;
import io.millrace.linux.Errno;
import io.millrace.linux.Fd;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs and maps on a veth of the running kernel. */
class XdpAttachmentTest {
    private static final int QUEUES = 2;

    @TempDir
    private Path folder;
    private VethPair veth;
    private NetInterface device;

    @BeforeEach
    void makeDevice() {
        veth = VethPair.create(QUEUES);
        device = veth.near();
    }

    @AfterEach
    void removeDevice() {
        if (veth != null) {
            veth.close();
        }
    }

    private XdpAttachment attach(final boolean generic) {
        return veth.in(() -> XdpAttachment.attach(device.index(), device.name(), QUEUES, Filter.all(), generic));
    }

    private String refusal(final boolean generic) {
        return assertThrows(ConfigurationException.class, () -> attach(generic)).getMessage();
    }

    private static void assertContains(final String text, final String... parts) {
        for (final String part : parts) {
            assertTrue(text.contains(part), () -> part + " in: " + text);
        }
    }

    /** A program without any link, attached as {@code ip link} does it. */
    private void attachForeign(final String how) {
        final Path pinned = folder.resolve("foreign");
        try (Fd program = Bpf.load(Bpf.PROGRAM_XDP, "mr_foreign", 0,
            new BpfAssembler().moveImmediate(0, XdpProgram.XDP_PASS).exit().assemble())) {
            Bpf.pin(program, pinned);
            veth.ip("link set dev near " + how + " pinned " + pinned);
        }
    }

    private void mountBpf() {
        VethPair.assertSuccess("mount", "-t", "bpf", "bpf", folder.toString());
    }

    private void unmountBpf() {
        VethPair.assertSuccess("umount", folder.toString());
    }

    @Test
    void shouldAttachInTheDriverAndLetGo() {
        try (XdpAttachment attachment = attach(false)) {
            assertTrue(attachment.isAttached());
            assertEquals(NetInterface.XDP_DRIVER, veth.near().xdpMode());
        }
        assertEquals(NetInterface.XDP_NONE, veth.near().xdpMode());
    }

    @Test
    void shouldAttachGenerically() {
        try (XdpAttachment attachment = attach(true)) {
            assertTrue(attachment.isAttached());
            assertEquals(NetInterface.XDP_GENERIC, veth.near().xdpMode());
        }
        assertEquals(NetInterface.XDP_NONE, veth.near().xdpMode());
    }

    @Test
    void shouldNotBeAttachedAfterClosing() {
        final XdpAttachment attachment = attach(false);
        attachment.close();
        attachment.close();
        assertFalse(attachment.isAttached());
    }

    @Test
    void shouldWithstandIpLinkXdpOff() {
        for (final boolean generic : new boolean[] {false, true}) {
            try (XdpAttachment attachment = attach(generic)) {
                final String[] ip = {"ip", "-n", veth.name(), "link", "set", "dev", "near", "", "off"};
                // What ip calls xdp is the driver's mode where that has one. Another mode than ours is free: no error.
                for (final String how : new String[] {"xdp", "xdpdrv", "xdpgeneric"}) {
                    ip[7] = how;
                    final boolean isOurs = how.equals("xdpgeneric") == generic;
                    assertEquals(isOurs, VethPair.run(ip).code() != 0, how + ", ours generic " + generic);
                }
                assertTrue(attachment.isAttached());
                assertNotEquals(NetInterface.XDP_NONE, veth.near().xdpMode());
            }
        }
    }

    @Test
    void shouldNoticeThatItWasDetached() {
        try (XdpAttachment attachment = attach(false)) {
            // What bpftool link detach does, through a descriptor of its own.
            try (Fd link = Bpf.link(Bpf.linkOf(veth.near().xdpProgramId()))) {
                assertEquals(device.index(), BpfLinkInfo.of(link).ifindex());
                Bpf.detach(link);
            }
            assertFalse(attachment.isAttached());
            try (XdpAttachment next = attach(false)) {
                assertTrue(next.isAttached());
                assertFalse(attachment.isAttached());
            }
        }
    }

    @Test
    void shouldNoticeThatTheDeviceIsGone() {
        try (XdpAttachment attachment = attach(false)) {
            veth.ip("link del near");
            assertFalse(attachment.isAttached());
        }
    }

    @Test
    void shouldStayAttachedWhileTheDeviceIsSwitchedOffAndRenamed() {
        try (XdpAttachment attachment = attach(false)) {
            veth.ip("link set dev near up");
            veth.ip("link set dev near down");
            veth.ip("link set dev near name other");
            assertTrue(attachment.isAttached());
            veth.ip("link set dev other name near");
        }
    }

    @Test
    void shouldNameAProgramThatIsHeldByALink() {
        try (XdpAttachment first = attach(false)) {
            final NetInterface taken = veth.near();
            final int link = Bpf.linkOf(taken.xdpProgramId());
            for (final boolean generic : new boolean[] {false, true}) {
                assertContains(refusal(generic), "near has an XDP program of somebody else", "in the driver",
                    "id " + taken.xdpProgramId(), "name millrace_xdp", "bpftool link detach id " + link, "map=");
            }
            assertTrue(first.isAttached());
        }
    }

    @Test
    void shouldNameAProgramThatIpHasAttached() {
        mountBpf();
        try {
            attachForeign("xdpdrv");
            assertContains(refusal(false), "in the driver", "id " + veth.near().xdpProgramId(), "name mr_foreign",
                "(ip link set dev near xdp off)");
            veth.ip("link set dev near xdp off");
            attach(false).close();
        } finally {
            unmountBpf();
        }
    }

    @Test
    void shouldNameAGenericProgramWithTheCommandThatTakesItOff() {
        mountBpf();
        try {
            attachForeign("xdpgeneric");
            assertContains(refusal(false), "generic", "name mr_foreign", "(ip link set dev near xdpgeneric off)");
            veth.ip("link set dev near xdpgeneric off");
            attach(true).close();
        } finally {
            unmountBpf();
        }
    }

    @Test
    void shouldSayThatADeviceIsGone() {
        veth.ip("link del near");
        final LinuxException refused = assertThrows(LinuxException.class, () -> attach(false));
        assertContains(refused.getMessage(), "near", "ENODEV");
    }

    @Test
    void shouldAttachToLargeMtus() {
        veth.ip("link set dev near mtu 9000");
        veth.ip("link set dev far mtu 9000");
        attach(false).close();
    }

    @Test
    void shouldUseAPinnedMap() {
        mountBpf();
        final Path path = folder.resolve("xsks");
        try (Fd map = Bpf.createMap(Bpf.MAP_XSK, "mr_test", 4, 4, QUEUES)) {
            Bpf.pin(map, path);
            try (XdpAttachment attachment = XdpAttachment.pinned(path, QUEUES)) {
                assertTrue(attachment.isAttached());
                attachment.remove(1);
                // A descriptor that is no socket: refused, but by the map, so it is the map.
                final LinuxException refused = assertThrows(LinuxException.class, () -> attachment.put(0, map));
                assertEquals(Errno.ENOTSOCK, refused.errno(), refused.getMessage());
            }
            assertEquals(NetInterface.XDP_NONE, veth.near().xdpMode());
            final String message =
                assertThrows(ConfigurationException.class, () -> XdpAttachment.pinned(path, 3)).getMessage();
            assertContains(message, path.toString(), "2 entries", "queues=2");
        } finally {
            unmountBpf();
        }
    }

    @Test
    void shouldRefuseWhatIsNoXskMap() throws Exception {
        mountBpf();
        final Path array = folder.resolve("array");
        final Path program = folder.resolve("foreign");
        try (Fd map = Bpf.createMap(2, "mr_array", 4, 4, QUEUES)) {
            attachForeign("xdpdrv");
            Bpf.pin(map, array);
            for (final Path path : new Path[] {array, program}) {
                assertContains(assertThrows(ConfigurationException.class, () -> XdpAttachment.pinned(path, 1))
                    .getMessage(), path.toString(), "not an XSKMAP");
            }
            final Path missing = folder.resolve("missing");
            assertContains(assertThrows(LinuxException.class, () -> XdpAttachment.pinned(missing, 1)).getMessage(),
                missing.toString(), "ENOENT", "/sys/fs/bpf");
            final Path file = Files.createTempFile("mr", "xsks");
            try {
                assertContains(assertThrows(LinuxException.class, () -> XdpAttachment.pinned(file, 1)).getMessage(),
                    file.toString(), "BPF file system");
            } finally {
                Files.delete(file);
            }
        } finally {
            unmountBpf();
        }
    }

    @Test
    void shouldLeaveNoDescriptorsBehind() {
        attach(false).close();
        final long before = openFiles();
        for (int i = 0; i < 10; i++) {
            try (XdpAttachment first = attach(false)) {
                refusal(false);
                assertTrue(first.isAttached());
            }
        }
        assertEquals(before, openFiles());
    }

    /** Programs, maps and links of this process; files that the JVM opens by itself do not count. */
    private static long openFiles() {
        return Stream.of(new File("/proc/self/fd").listFiles()).filter(fd -> {
            try {
                return Files.readSymbolicLink(fd.toPath()).toString().startsWith("anon_inode:");
            } catch (final IOException e) {
                // Closed since it was listed.
                return false;
            }
        }).count();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a machine lacks for a port ends the command with exit code 2 and one sentence. */
@Tag("peer")
@ExtendWith(PeerLogs.class)
final class OutsideRefusalTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void requireRights() {
        Peer.require(Peer.LAB_TOOLS);
        Peer.requireNetAdmin();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        tap:lo | tap:lo: the interface lo is a network card or loopback and no tap device; choose another name
        tap:no-such-0,attach | tap:no-such-0: there is no interface no-such-0 to attach to; make it (ip tuntap add dev
        tap:a,netns=no-such | tap:a: open the network namespace no-such: ENOENT - there is none of that name
        afxdp:no-such-0 | open afxdp:no-such-0: ENODEV - there is no interface no-such-0; take one that ip link shows
        afxdp:lo,netns=no-such | open afxdp:lo,netns=no-such: open the network namespace no-such: ENOENT
        afxdp:lo,queues=7 | lo has at most 1 queues, not 7: set queues=1 or leave it away
        """)
    void shouldRefuseWhatIsNotThere(final String port, final String sentence) {
        assertRefused(sentence, List.of(), port);
    }

    @Test
    void shouldNameTheMissingTunDriver() {
        // In a mount namespace of its own the folder of the driver's file is hidden.
        assertRefused("tap:tap0: open the tap device tap0: ENOENT - the kernel's tun driver is missing at /dev/net/tun",
            List.of("unshare", "--mount", "sh", "-c", "mount -t tmpfs none /dev/net && exec \"$@\"", "sh"), "tap:tap0");
    }

    @Test
    void shouldNameTheRightThatATapNeeds() {
        assertRefused("tap:tap0: open the tap device tap0: EPERM - this needs CAP_NET_ADMIN",
            without("-net_admin,-sys_admin"), "tap:tap0");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        -net_admin | CAP_NET_ADMIN;
        -net_raw | CAP_NET_RAW;
        -bpf,-sys_admin | CAP_BPF;
        -net_raw,-net_admin,-bpf,-sys_admin | CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF;
        """)
    void shouldNameTheRightsThatAfXdpNeeds(final String taken, final String missing) {
        assertRefused("open afxdp:lo: EPERM - this process lacks " + missing, without(taken), "afxdp:lo");
    }

    @Test
    void shouldRefuseToBeForcedToIoUringWhereItIsSwitchedOff() throws Exception {
        try (NetLab lab = new NetLab(folder); Sysctl setting = Sysctl.set("kernel/io_uring_disabled", "2")) {
            assertEquals("2", setting.value());
            final String port = "tap:tap0,io=uring,netns=" + lab.namespace("a").name();
            assertRefused("tap:tap0: ", List.of(), port);
        }
    }

    private static List<String> without(final String rights) {
        return List.of("setpriv", "--bounding-set", rights, "--inh-caps", rights);
    }

    private void assertRefused(final String sentence, final List<String> starter, final String port) {
        try (MillraceProcess millrace = MillraceProcess.startBy(starter, folder, "echo", port)) {
            assertEquals(2, millrace.awaitEnd(), millrace::output);
            final List<String> lines = millrace.output().lines().toList();
            final String last = lines.get(lines.size() - 1);
            assertTrue(last.startsWith("millrace echo: " + sentence), last);
            // The command line, what the log said, and the sentence: no stack trace.
            assertTrue(lines.stream().skip(1).limit(lines.size() - 2).allMatch(line -> line.matches(".* INFO .*")),
                millrace::output);
        }
    }
}

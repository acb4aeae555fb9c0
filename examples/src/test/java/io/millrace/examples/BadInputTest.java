/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ControlLoop;
import io.millrace.linux.UnixListener;
import io.millrace.pipeline.control.ControlServer;
import io.millrace.pipeline.control.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What cannot be ends a real process with one sentence and exit code 2. */
class BadInputTest {
    private static final int LONGEST_PATH = 107;

    @TempDir
    private Path folder;

    private void assertRefused(final String sentence, final String... args) throws Exception {
        try (Child child = Child.millrace(folder, args)) {
            assertRefused(sentence, child);
        }
    }

    private static void assertRefused(final String sentence, final Child child) throws Exception {
        final int exitCode = child.await(60);
        final List<String> lines = child.err().lines().toList();
        final String last = lines.get(lines.size() - 1);
        assertTrue(last.startsWith(sentence), last);
        assertEquals(2, exitCode);
        // All before it are lines of the log: no stack trace, no second sentence.
        assertTrue(lines.stream().limit(lines.size() - 1).allMatch(line -> line.matches("[0-9:.]+ INFO .*")),
            child.err());
        assertEquals("", child.out());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        frobnicate | millrace: there is no command frobnicate: there are demo, switch, patch, echo, generate, sink,
        echo x | millrace echo: the port "x" has no type: write it like vhost-user:/run/vm0.sock
        echo frob:x | millrace echo: no port type is named frob (in "frob:x"): there are
        echo vhost-user:/x,frob=1 | millrace echo: the port "vhost-user:/x,frob=1" has no option frob: vhost-user knows
        echo virtio-user:/x,size=big | millrace echo: the option size of port "virtio-user:/x,size=big" is a whole numb
        echo vhost-user:/x,queues=0 | millrace echo: the option queues of port "vhost-user:/x,queues=0" is a whole numb
        switch a b --via x | millrace switch: no node type is named x (in "x"): there are ether-type, filter, gro
        patch a b --via :x | millrace patch: the node ":x" has no type: write it like police:10mbit
        echo a --via police:x | millrace echo: the node "police:x" has no rate: write it like police:10mbit or police:5
        switch | millrace switch: needs two ports or more, such as vhost-user:/run/vm0.sock (millrace switch --help
        doctor nosuch | millrace doctor: there is no interface nosuch: there are lo
        stats abc | millrace stats: Invalid value for positional parameter at index 0 (PID): 'abc' is not a whole numbe
        echo vhost-user:/x --burst abc | millrace echo: Invalid value for option '--burst': 'abc' is not a whole number
        echo vhost-user:/x --burst 0 | millrace echo: a burst of 0 packets cannot be: take 1 to 1024
        echo vhost-user:/x --idle nap | millrace echo: Invalid value for option '--idle': expected one of [SPIN, BACKOF
        echo vhost-user:/x --warm-up -1 | millrace echo: --warm-up is a number of seconds above 0, not -1
        sink vhost-user:/x --warm-up 1 | millrace sink: --warm-up is for commands that forward packets: a generator
        stats --watch 0.001 | millrace stats: --watch is a number of seconds from 0.05 to 86400, not 0.001
        echo vhost-user:/x --seconds 0 | millrace echo: --seconds is a number of seconds above 0, not 0
        echo vhost-user:/x --cpus 4095 | millrace echo: CPU 4095 is not available to this process: choose from [
        echo vhost-user:/x --frob | millrace echo: Unknown option: '--frob'
        generate vhost-user:/x --sizes big | millrace generate: sizes of "big" cannot be: write 64, or 64,590,1514, or
        generate vhost-user:/x --sizes 1 | millrace generate: a packet of 1 bytes cannot be: take 60 to
        generate vhost-user:/x --histogram /tmp/h | millrace generate: --histogram needs --echo: how long a packet
        sink vhost-user:/x --histogram /no/h | millrace sink: the histogram cannot be written to /no/h (/no/h): name a
        echo vhost-user:/x --http 70000 | millrace echo: the HTTP port 70000 cannot be: take 1 to 65535, or 0 for any
        echo tap:this-name-is-too-long | millrace echo: "this-name-is-too-long" cannot be the name of an interface: tak
        echo tap:a,queues=0 | millrace echo: the option queues of port "tap:a,queues=0" is a whole number from 1 to
        echo tap:a,mtu=1 | millrace echo: the option mtu of port "tap:a,mtu=1" is a whole number from 68 to
        echo tap:a,offloads=x | millrace echo: the option offloads of port "tap:a,offloads=x" is all, none, or some
        echo tap:a,io=x | millrace echo: the option io of port "tap:a,io=x" is auto, uring or plain, not x
        echo tap:a,mac=x | millrace echo: the option mac of port "tap:a,mac=x" is an address like 02:00:00:00:00:01
        echo afxdp:this-name-is-too-long | millrace echo: "this-name-is-too-long" is no name of a network interface:
        echo afxdp:a,mode=x | millrace echo: the option mode of port "afxdp:a,mode=x" is auto, zero-copy, copy or
        echo afxdp:a,size=100 | millrace echo: an afxdp ring has a power of two from 64 to 16384 entries, not 100
        echo afxdp:a,filter=x:1 | millrace echo: the filter "x:1" has "x:1" in place of type:, vlan:, mac:, udp:, all
        """)
    void shouldRefuseWhatWasTyped(final String args, final String sentence) throws Exception {
        assertRefused(sentence, args.split(" "));
    }

    @Test
    void shouldRefuseASocketThatAnotherProcessServes() throws Exception {
        final Path socket = folder.resolve("live.sock");
        try (UnixListener other = UnixListener.bind(socket)) {
            assertRefused("millrace echo: listen on " + socket + ": EADDRINUSE - another process serves this socket",
                "echo", "vhost-user:" + socket);
            assertTrue(Files.exists(socket) && other.fd().isOpen());
        }
    }

    @Test
    void shouldRefuseAPathThatIsTooLongForASocket() throws Exception {
        final String path = folder + "/" + "x".repeat(LONGEST_PATH - folder.toString().length());
        assertEquals(LONGEST_PATH + 1, path.length());
        assertRefused("millrace echo: the socket path " + path + " has 108 bytes", "echo", "vhost-user:" + path);
    }

    @Test
    void shouldRefuseAFolderThatDoesNotExist() throws Exception {
        final Path missing = folder.resolve("missing");
        assertRefused("millrace echo: listen on " + missing + "/a.sock: ENOENT - the folder " + missing
            + " does not exist; create it", "echo", "vhost-user:" + missing + "/a.sock");
    }

    @Test
    void shouldRefuseAFileThatIsNoSocket() throws Exception {
        final Path file = Files.createFile(folder.resolve("notes.txt"));
        assertRefused("millrace echo: listen on " + file + ": ENOTSOCK - there is a file there that is not a socket",
            "echo", "vhost-user:" + file);
        assertTrue(Files.exists(file));
    }

    @Test
    void shouldRefuseAFolderWithoutTheRightToWrite() throws Exception {
        // /proc refuses new files to everybody, so that this also holds for root.
        assertRefused("millrace echo: listen on /proc/a.sock: ", "echo", "vhost-user:/proc/a.sock");
    }

    @Test
    void shouldRefuseTwoPortsOfOneName() throws Exception {
        assertRefused("millrace patch: two ports are named a: give one another name", "patch",
            "vhost-user:" + folder.resolve("a.sock"),
            "vhost-user:" + Files.createDirectory(folder.resolve("b")).resolve("a.sock"));
    }

    @Test
    void shouldRefuseACountersFolderThatCannotBe() throws Exception {
        final Path notAFolder = Files.createFile(folder.resolve("millrace"));
        assertRefused("millrace echo: the folder for counters, " + notAFolder + ", is not a folder of yours", "echo",
            "vhost-user:" + folder.resolve("a.sock"));
    }

    @Test
    void shouldRefuseStatsOfAProcessThatIsNoMillrace() throws Exception {
        assertRefused("millrace stats: process 1 has no counters in ", "stats", "1");
    }

    @Test
    void shouldRefuseStatsWhenNothingRuns() throws Exception {
        assertRefused("millrace stats: nothing of yours runs: no counters in ", "stats");
    }

    @Test
    void shouldRefuseToLookIntoWhatIsNoMillrace() throws Exception {
        assertRefused("millrace ports: nothing of yours runs: no control socket in ", "ports");
        assertRefused("millrace ports: there is no process 99999999: there are none of yours", "ports", "99999999");
        assertRefused("millrace fdb: process " + ProcessHandle.current().pid() + " is no Millrace that moves packets",
            "fdb", Long.toString(ProcessHandle.current().pid()));
    }

    @Test
    void shouldRefuseToLookIntoAnOlderMillrace() throws Exception {
        final String pid = Long.toString(ProcessHandle.current().pid());
        final Path left = Files.createDirectory(folder.resolve("millrace"));
        Files.createFile(left.resolve(pid + ".counters"));
        assertRefused("millrace ports: process " + pid + " has no control socket: an older Millrace", "ports", pid);
        try (ControlLoop loop = ControlLoop.start("old");
            ControlServer old = ControlServer.start(loop, left.resolve(pid + ".sock"),
                Map.of("hello", new Request("", call -> Map.of("protocol", 0))))) {
            assertTrue(Files.exists(old.socket()));
            assertRefused("millrace ports: process " + pid + " is another version of Millrace, with protocol 0 instead",
                "ports", pid);
        }
    }
}

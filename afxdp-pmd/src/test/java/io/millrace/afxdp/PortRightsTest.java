/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.Counters;
import io.millrace.FramePool;
import io.millrace.Port;
import io.millrace.PortContext;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said to a process that lacks a right: a child with only some of root's capabilities opens a port. */
class PortRightsTest {
    /** The child: opens a port on the near end. */
    public static final class Child {
        private Child() {
        }

        /** @param arguments none. */
        public static void main(final String[] arguments) {
            try (ControlLoop control = ControlLoop.start("control"); FramePool pool = FramePool.create(8192, 0)) {
                try (Port port = AfXdp.device(VethPair.NEAR).ringSize(64).open(
                    new PortContext(0, pool, Counters.inMemory(), control, (who, state, reason) -> { }))) {
                    System.out.println("opened: " + port);
                } catch (final ConfigurationException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }

    private static String openWith(final String capabilities, final String... limit) {
        Needs.program("setpriv", "util-linux");
        try (VethPair veth = VethPair.create(1)) {
            final List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", veth.name()));
            command.addAll(List.of(limit));
            command.addAll(List.of("setpriv", "--bounding-set", "-all" + capabilities, "--inh-caps",
                "-all" + capabilities, System.getProperty("java.home") + "/bin/java"));
            ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--add-") || flag.startsWith("--enable-")).forEach(command::add);
            command.addAll(List.of("-Xshare:auto", "-cp", System.getProperty("java.class.path"),
                Child.class.getName()));
            final VethPair.Outcome outcome = VethPair.run(command.toArray(String[]::new));
            assertEquals(0, outcome.code(), outcome.output());
            return outcome.output();
        }
    }

    @Test
    void shouldNameTheCapabilitiesThatAreMissing() {
        final String message = openWith(",+net_admin");
        assertTrue(message.contains("open afxdp:near: EPERM - this process lacks CAP_NET_RAW, CAP_BPF; run as root"),
            message);
    }

    @Test
    void shouldOpenWithoutBeingRoot() {
        final String message = openWith(",+net_admin,+net_raw,+bpf,+ipc_lock");
        assertTrue(message.contains("opened: afxdp:near (1 queue, copy)"), message);
    }

    @Test
    void shouldSayThatTooLittleMemoryMayBeLocked() {
        final String message = openWith(",+net_admin,+net_raw,+bpf", "prlimit", "--memlock=65536");
        assertTrue(message.contains("ENOBUFS") && message.contains("ulimit -l"), message);
    }
}

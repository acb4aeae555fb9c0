/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.linux.LinuxException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What it takes to load and attach: a child process has only some of root's capabilities. */
class RightsTest {
    /** The child: attaches to the device of a number, with a filter that uses everything the translation can do. */
    public static final class Child {
        private Child() {
        }

        /** @param arguments the number of the device. */
        public static void main(final String[] arguments) {
            final Filter macs = Filter.destination(LongStream.range(0, 512).map(i -> i << 20).toArray());
            final Filter ports = Filter.udpPort(IntStream.rangeClosed(1, 500).toArray());
            final Filter filter = macs.and(ports).or(Filter.parse("not vlan:7/8/9 and udp:53 or type:0x8100/arp"));
            try (XdpAttachment attachment =
                XdpAttachment.attach(Integer.parseInt(arguments[0]), "near", 1, filter, false)) {
                System.out.println("attached: " + attachment.isAttached());
            } catch (final LinuxException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String attachWith(final String capabilities) {
        Needs.program("setpriv", "util-linux");
        try (VethPair veth = VethPair.create(1)) {
            final List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", veth.name(), "setpriv",
                "--bounding-set", "-all" + capabilities, "--inh-caps", "-all" + capabilities,
                System.getProperty("java.home") + "/bin/java"));
            ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--add-") || flag.startsWith("--enable-")).forEach(command::add);
            command.addAll(List.of("-Xshare:auto", "-cp", System.getProperty("java.class.path"),
                Child.class.getName(), Integer.toString(veth.near().index())));
            final VethPair.Outcome outcome = VethPair.run(command.toArray(String[]::new));
            assertEquals(0, outcome.code(), outcome.output());
            return outcome.output();
        }
    }

    @Test
    void shouldAttachWithTwoCapabilities() {
        final String message = attachWith(",+bpf,+net_admin");
        assertTrue(message.contains("attached: true"), message);
    }

    @Test
    void shouldSayWhichCapabilitiesAreMissing() {
        for (final String capabilities : new String[] {"", ",+net_admin"}) {
            final String message = attachWith(capabilities);
            assertTrue(message.contains("EPERM - it takes CAP_BPF and CAP_NET_ADMIN"), message);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.linux.Bpf;
import io.millrace.linux.BpfLinkInfo;
import io.millrace.linux.Fd;
import io.millrace.linux.Interfaces;
import io.millrace.linux.NetNamespace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which frames of a real device come to a port, and which stay with the kernel. */
class FilteredPortTest {
    private static final int COUNT = 30;
    private static final int LENGTH = 64;

    /** Sends numbered packets of which two in three are of another type, and returns the numbers of what comes. */
    private static List<Long> exchange(final PairFixture pair) {
        for (int number = 0; number < COUNT; number++) {
            pair.add(pair.out, number, LENGTH);
            // 0x88b5 becomes 0x88b6 or 0x88b7.
            UnsafeApi.putByte(pair.out.address(number) + 13, (byte) (0xb5 + number % 3));
        }
        final List<Long> numbers = new ArrayList<>();
        final int taken = COUNT / 3;
        Await.until(() -> taken + " packets, not " + numbers, () -> {
            pair.left.tx(0).transmit(pair.out);
            pair.right.rx(0).receive(pair.in);
            for (int i = 0; i < pair.in.size(); i++) {
                numbers.add(pair.number(pair.in, i));
            }
            pair.in.freeAll();
            return numbers.size() >= taken;
        });
        return numbers;
    }

    private static List<Long> everyThird() {
        return LongStream.range(0, COUNT / 3).map(i -> 3 * i).boxed().toList();
    }

    @ParameterizedTest
    @EnumSource(value = Mode.class, names = {"COPY", "GENERIC"})
    void shouldTakeOnlyWhatTheFilterTakes(final Mode mode) {
        final Filter filter = Filter.parse("type:0x88b5 or udp:4789");
        try (PairFixture pair = new PairFixture(1, 1500, config -> config.mode(mode).filter(filter))) {
            assertEquals(everyThird(), exchange(pair));
        }
    }

    @Test
    void shouldLeaveTheRestToTheKernel() {
        Needs.program("ping", "iputils-ping");
        try (PairFixture pair = new PairFixture(1, 1500, config -> config.filter(Filter.udpPort(4789)))) {
            VethLab.ip("-n " + pair.lab.leftSpace + " addr add 192.0.2.1/24 dev " + VethLab.LEFT);
            VethLab.ip("-n " + pair.lab.rightSpace + " addr add 192.0.2.2/24 dev " + VethLab.RIGHT);
            // ARP and ICMP between the two kernels, while both ports have their sockets.
            VethLab.run("ip netns exec " + pair.lab.leftSpace + " ping -c 3 -i 0.01 -W 5 192.0.2.2");
            assertEquals(0, pair.right.rx(0).receive(pair.in));
            assertEquals(0, pair.left.rx(0).receive(pair.in));
        }
    }

    @Test
    void shouldTakeWhatAProgramOfOthersRedirectsByAPinnedMap(@TempDir final Path folder) {
        try (PairFixture pair = new PairFixture()) {
            VethPair.assertSuccess("mount", "-t", "bpf", "bpf", folder.toString());
            final Path path = folder.resolve("xsks");
            try (NetNamespace right = NetNamespace.open(pair.lab.rightSpace);
                Fd map = Bpf.createMap(Bpf.MAP_XSK, "mr_others", 4, 4, 4);
                Fd program = Bpf.load(Bpf.PROGRAM_XDP, "mr_others", Bpf.XDP_HAS_FRAGS,
                    XdpProgram.instructions(Filter.etherType(0x88b5), map.number()))) {
                Bpf.pin(map, path);
                pair.close(pair.right);
                try (Fd link = right.call(() -> Bpf.attachXdp(program, ifindex(), Bpf.XDP_DRIVER))) {
                    assertTrue(link.isOpen());
                    pair.right = pair.open(
                        AfXdp.device(VethLab.RIGHT).namespace(pair.lab.rightSpace).map(path.toString()));
                    pair.awaitUp();
                    assertEquals(everyThird(), exchange(pair));
                    pair.close(pair.right);
                    assertNotEquals(0, BpfLinkInfo.of(link).ifindex(), "not ours to detach");
                }
            } finally {
                VethPair.assertSuccess("umount", folder.toString());
            }
        }
    }

    private static int ifindex() {
        try (Interfaces interfaces = Interfaces.open()) {
            return interfaces.find(VethLab.RIGHT).index();
        }
    }
}

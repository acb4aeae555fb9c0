/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Commands of bpf(2) on the running kernel. */
class BpfTest {
    // r0 = 2; exit
    private static final long[] PASS = {0x2_0000_00b7L, 0x95L};
    private static final int MAP_ARRAY = 2;

    @BeforeEach
    void requireRights() {
        Needs.that(Capabilities.effective(Capabilities.CAP_SYS_ADMIN), "CAP_SYS_ADMIN for bpf(2): run as root");
    }

    @Test
    void shouldTellWhatAMapIs() {
        try (Fd map = Bpf.createMap(Bpf.MAP_XSK, "mr_map", 4, 4, 7)) {
            final BpfMapInfo info = BpfMapInfo.of(map);
            assertEquals(new BpfMapInfo(Bpf.MAP_XSK, info.id(), 4, 4, 7, "mr_map"), info);
            assertNotEquals(0, info.id());
            assertTrue(Bpf.isMap(map));
        }
    }

    @Test
    void shouldTellWhatAProgramIs() {
        try (Fd program = Bpf.load(Bpf.PROGRAM_XDP, "a_15_char__name", 0, PASS)) {
            final BpfProgramInfo info = BpfProgramInfo.of(program);
            assertEquals(new BpfProgramInfo(Bpf.PROGRAM_XDP, info.id(), "a_15_char__name"), info);
            try (Fd again = Bpf.program(info.id())) {
                assertEquals(info, BpfProgramInfo.of(again));
            }
            assertEquals(0, Bpf.linkOf(info.id()));
            assertFalse(Bpf.isMap(program));
        }
    }

    @Test
    void shouldPutAndRemove() {
        try (Fd map = Bpf.createMap(MAP_ARRAY, "mr_array", 4, 4, 2)) {
            Bpf.put(map, 1, 42);
            assertEquals(Errno.E2BIG, assertThrows(LinuxException.class, () -> Bpf.put(map, 2, 42)).errno());
        }
        try (Fd map = Bpf.createMap(1, "mr_hash", 4, 4, 2)) {
            Bpf.put(map, 70_000, 42);
            Bpf.remove(map, 70_000);
            Bpf.remove(map, 70_000);
        }
    }

    @Test
    void shouldRunAProgramOnAPacket() {
        try (Fd program = Bpf.load(Bpf.PROGRAM_XDP, "mr_pass", 0, PASS)) {
            assertEquals(2, Bpf.testRun(program, new byte[14]));
            assertEquals(2, Bpf.testRun(program, new byte[3000]));
            assertThrows(LinuxException.class, () -> Bpf.testRun(program, new byte[13]));
        }
    }

    @Test
    void shouldEndARefusalWithTheVerifiersLastLines() {
        final String message = assertThrows(LinuxException.class,
            () -> Bpf.load(Bpf.PROGRAM_XDP, "mr_bad", 0, new long[] {0x95})).getMessage();
        assertTrue(message.startsWith("load the BPF program mr_bad: EACCES - the verifier says: "), message);
        assertTrue(message.endsWith("| R0 !read_ok"), message);
    }

    @Test
    void shouldSayThatAProgramWithUnreachableInstructionsIsRefused() {
        final String message = assertThrows(LinuxException.class,
            () -> Bpf.load(Bpf.PROGRAM_XDP, "mr_bad", 0, new long[] {0xb7, 0x95, 0x95})).getMessage();
        assertTrue(message.contains("EINVAL") && message.contains("unreachable"), message);
    }

    @Test
    void shouldRefuseNamesTheKernelWouldNotTake() {
        for (final String name : new String[] {"", "sixteen_letters_", "with space", "é"}) {
            assertThrows(IllegalArgumentException.class, () -> Bpf.createMap(MAP_ARRAY, name, 4, 4, 1));
        }
    }

    @Test
    void shouldKeepWhatTellsOfALog() {
        final String log = """
            func#0 @0
            0: R1=ctx() R10=fp0
            0: (61) r2 = *(u32 *)(r1 +0)          ; R2_w=pkt(r=0)
            1: (71) r0 = *(u8 *)(r2 +0)
            invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)
            R2 offset is outside of the packet
            verification time 30 usec
            stack depth 0
            processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
            """;
        final byte[] bytes = new byte[2000];
        System.arraycopy(log.getBytes(), 0, bytes, 0, log.length());
        final String tail = VerifierLog.tail(bytes);
        assertTrue(tail.startsWith("0: (61) r2 = *(u32 *)(r1 +0)") && tail.contains(" | invalid access to packet")
            && tail.endsWith("| R2 offset is outside of the packet"), tail);
        assertEquals("", VerifierLog.tail(new byte[10]));
    }
}

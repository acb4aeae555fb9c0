/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static io.millrace.afxdp.BpfAssembler.BPF_B;
import static io.millrace.afxdp.BpfAssembler.BPF_H;
import static io.millrace.afxdp.BpfAssembler.BPF_W;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.millrace.afxdp.BpfAssembler.Label;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Instructions byte for byte, as the kernel's instruction-set.rst says and llvm-mc -triple bpfel encodes them. */
class BpfAssemblerTest {
    private static void assertBytes(final String expected, final Consumer<BpfAssembler> writer) {
        final BpfAssembler code = new BpfAssembler();
        writer.accept(code);
        final long[] instructions = code.assemble();
        final ByteBuffer bytes =
            ByteBuffer.allocate(instructions.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(instructions);
        assertEquals(expected.replace(" ", ""), HexFormat.of().formatHex(bytes.array()));
    }

    @Test
    void shouldMove() {
        assertBytes("bf93 0000 00000000", code -> code.move(3, 9));
        assertBytes("b704 0000 ffffffff", code -> code.moveImmediate(4, -1));
        assertBytes("1805 0000 56341200 0000 0000 54520000", code -> code.moveWide(5, 0x5254_0012_3456L));
        assertBytes("1805 0000 ffffffff 0000 0000 7f000000", code -> code.moveWide(5, 0x7f_ffff_ffffL));
        assertBytes("1811 0000 2a000000 0000 0000 00000000", code -> code.moveMap(1, 42));
    }

    @Test
    void shouldLoad() {
        assertBytes("6112 1000 00000000", code -> code.load(BPF_W, 2, 1, 16));
        assertBytes("6927 0c00 00000000", code -> code.load(BPF_H, 7, 2, 12));
        assertBytes("7140 fcff 00000000", code -> code.load(BPF_B, 0, 4, -4));
    }

    @Test
    void shouldCalculate() {
        assertBytes("0701 0000 44332211", code -> code.addImmediate(1, 0x11223344));
        assertBytes("0f04 0000 00000000", code -> code.add(4, 0));
        assertBytes("4f06 0000 00000000", code -> code.or(6, 0));
        assertBytes("5708 0000 ff0f0000", code -> code.andImmediate(8, 0xfff));
        assertBytes("6706 0000 10000000", code -> code.shiftLeft(6, 16));
        assertBytes("7708 0000 10000000", code -> code.shiftRight(8, 16));
    }

    @Test
    void shouldSwapBytes() {
        assertBytes("dc07 0000 10000000", code -> code.bigEndian(7, 16));
        assertBytes("dc06 0000 20000000", code -> code.bigEndian(6, 32));
    }

    @Test
    void shouldCallAndExit() {
        assertBytes("8500 0000 33000000 9500 0000 00000000", code -> code.call(51).exit());
    }

    @Test
    void shouldJumpAhead() {
        final Label end = new Label();
        assertBytes("0500 0600 00000000 1507 0500 00810000 5507 0400 a8880000 2500 0300 0a000000 2d34 0200 00000000"
            + "1d50 0100 00000000 b700 0000 00000000 9500 0000 00000000",
            code -> code.jump(end).jumpIfEqual(7, 0x8100, end).jumpUnlessEqual(7, 0x88a8, end)
                .jumpIfGreater(0, 10, end).jumpIfAbove(4, 3, end).jumpIfSame(0, 5, end)
                .moveImmediate(0, 0).place(end).exit());
    }

    @Test
    void shouldCountAWideInstructionAsTwoWhenJumping() {
        final Label end = new Label();
        assertBytes("0500 0200 00000000 1805 0000 01000000 0000 0000 00000000 9500 0000 00000000",
            code -> code.jump(end).moveWide(5, 1).place(end).exit());
    }

    @Test
    void shouldJumpBack() {
        final Label start = new Label();
        assertBytes("bf93 0000 00000000 1d50 feff 00000000",
            code -> code.place(start).move(3, 9).jumpIfSame(0, 5, start));
    }

    @Test
    void shouldGrow() {
        final BpfAssembler code = new BpfAssembler();
        final long[] expected = new long[1000];
        for (int i = 0; i < expected.length; i++) {
            code.exit();
            expected[i] = 0x95;
        }
        assertArrayEquals(expected, code.assemble());
    }

    @Test
    void shouldRefuseALabelInTwoPlaces() {
        final Label label = new Label();
        final BpfAssembler code = new BpfAssembler().place(label).exit();
        assertThrows(IllegalStateException.class, () -> code.place(label));
    }

    @Test
    void shouldRefuseALabelThatIsNowhere() {
        final BpfAssembler code = new BpfAssembler().jump(new Label());
        assertThrows(IllegalStateException.class, code::assemble);
    }

    @Test
    void shouldRefuseAJumpTooFar() {
        final Label end = new Label();
        final BpfAssembler code = new BpfAssembler().jump(end);
        for (int i = 0; i <= Short.MAX_VALUE; i++) {
            code.exit();
        }
        code.place(end).exit();
        assertThrows(IllegalStateException.class, code::assemble);
    }
}

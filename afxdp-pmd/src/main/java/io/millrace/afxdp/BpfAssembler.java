/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes BPF instructions, one method each, with labels for jumps. Constants and encoding are those of the kernel's
 * {@code Documentation/bpf/standardization/instruction-set.rst}; an instruction is a 64-bit number:
 *
 * <pre>
 *   63                       32 31            16 15   12 11    8 7        0
 *  +---------------------------+----------------+-------+-------+----------+
 *  |        immediate          |     offset     |  src  |  dst  |  opcode  |
 *  +---------------------------+----------------+-------+-------+----------+
 * </pre>
 *
 * <p>Registers are numbers from 0 to 10. Arithmetic is on 64 bits and immediates are extended with their sign.
 *
 * <p>Thread safety: none.
 */
final class BpfAssembler {
    static final int R0 = 0;
    static final int R1 = 1;
    static final int R2 = 2;
    static final int R3 = 3;
    static final int R4 = 4;
    static final int R5 = 5;
    static final int R6 = 6;
    static final int R7 = 7;
    static final int R8 = 8;
    static final int R9 = 9;

    // Sizes of a load, as they stand in its opcode
    static final int BPF_W = 0x00;
    static final int BPF_H = 0x08;
    static final int BPF_B = 0x10;

    private static final int BPF_LD = 0x00;
    private static final int BPF_LDX = 0x01;
    private static final int BPF_ALU = 0x04;
    private static final int BPF_JMP = 0x05;
    private static final int BPF_ALU64 = 0x07;

    private static final int BPF_IMM = 0x00;
    private static final int BPF_MEM = 0x60;
    private static final int BPF_DW = 0x18;
    private static final int BPF_K = 0x00;
    private static final int BPF_X = 0x08;
    private static final int BPF_TO_BE = 0x08;

    private static final int BPF_ADD = 0x00;
    private static final int BPF_OR = 0x40;
    private static final int BPF_AND = 0x50;
    private static final int BPF_LSH = 0x60;
    private static final int BPF_RSH = 0x70;
    private static final int BPF_MOV = 0xb0;
    private static final int BPF_END = 0xd0;

    private static final int BPF_JA = 0x00;
    private static final int BPF_JEQ = 0x10;
    private static final int BPF_JGT = 0x20;
    private static final int BPF_JNE = 0x50;
    private static final int BPF_CALL = 0x80;
    private static final int BPF_EXIT = 0x90;

    /** In the source register of a wide load: the immediate is a map's descriptor. */
    private static final int BPF_PSEUDO_MAP_FD = 1;
    private static final int OFFSET_SHIFT = 16;
    private static final int IMMEDIATE_SHIFT = 32;

    /** A place in the program that jumps can name before it is known where it is. */
    static final class Label {
    }

    private record Jump(int at, Label target) {
    }

    private final Map<Label, Integer> places = new HashMap<>();
    private final List<Jump> jumps = new ArrayList<>();
    private long[] code = new long[64];
    private int length;

    /** {@code dst = src} */
    BpfAssembler move(final int dst, final int src) {
        return emit(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
    }

    /** {@code dst = value} */
    BpfAssembler moveImmediate(final int dst, final int value) {
        return emit(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
    }

    /** {@code dst = value}, of 64 bits: takes the room of two instructions. */
    BpfAssembler moveWide(final int dst, final long value) {
        emit(BPF_LD | BPF_DW | BPF_IMM, dst, 0, 0, (int) value);
        return emit(0, 0, 0, 0, (int) (value >>> Integer.SIZE));
    }

    /** {@code dst} = the map whose descriptor in this process is {@code fd}: takes the room of two instructions. */
    BpfAssembler moveMap(final int dst, final int fd) {
        emit(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd);
        return emit(0, 0, 0, 0, 0);
    }

    /** {@code dst = *(src + offset)}, unsigned, in the byte order of the machine; {@code size} is BPF_W, _H or _B. */
    BpfAssembler load(final int size, final int dst, final int src, final int offset) {
        return emit(BPF_LDX | size | BPF_MEM, dst, src, offset, 0);
    }

    /** {@code dst += src} */
    BpfAssembler add(final int dst, final int src) {
        return emit(BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0);
    }

    /** {@code dst += value} */
    BpfAssembler addImmediate(final int dst, final int value) {
        return emit(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value);
    }

    /** {@code dst |= src} */
    BpfAssembler or(final int dst, final int src) {
        return emit(BPF_ALU64 | BPF_OR | BPF_X, dst, src, 0, 0);
    }

    /** {@code dst &= value} */
    BpfAssembler andImmediate(final int dst, final int value) {
        return emit(BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, value);
    }

    /** {@code dst <<= bits} */
    BpfAssembler shiftLeft(final int dst, final int bits) {
        return emit(BPF_ALU64 | BPF_LSH | BPF_K, dst, 0, 0, bits);
    }

    /** {@code dst >>>= bits} */
    BpfAssembler shiftRight(final int dst, final int bits) {
        return emit(BPF_ALU64 | BPF_RSH | BPF_K, dst, 0, 0, bits);
    }

    /** Turns the low 16, 32 or 64 bits from big endian into the order of the machine and clears the others. */
    BpfAssembler bigEndian(final int dst, final int bits) {
        return emit(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, bits);
    }

    /** Goes on at {@code target}. */
    BpfAssembler jump(final Label target) {
        return jumpTo(BPF_JMP | BPF_JA, 0, 0, 0, target);
    }

    /** Jumps if {@code dst == value}. */
    BpfAssembler jumpIfEqual(final int dst, final int value, final Label target) {
        return jumpTo(BPF_JMP | BPF_JEQ | BPF_K, dst, 0, value, target);
    }

    /** Jumps if {@code dst == src}. */
    BpfAssembler jumpIfSame(final int dst, final int src, final Label target) {
        return jumpTo(BPF_JMP | BPF_JEQ | BPF_X, dst, src, 0, target);
    }

    /** Jumps if {@code dst != value}. */
    BpfAssembler jumpUnlessEqual(final int dst, final int value, final Label target) {
        return jumpTo(BPF_JMP | BPF_JNE | BPF_K, dst, 0, value, target);
    }

    /** Jumps if {@code dst > value}, unsigned. */
    BpfAssembler jumpIfGreater(final int dst, final int value, final Label target) {
        return jumpTo(BPF_JMP | BPF_JGT | BPF_K, dst, 0, value, target);
    }

    /** Jumps if {@code dst > src}, unsigned. */
    BpfAssembler jumpIfAbove(final int dst, final int src, final Label target) {
        return jumpTo(BPF_JMP | BPF_JGT | BPF_X, dst, src, 0, target);
    }

    /** Calls a helper function of the kernel: arguments in R1 to R5, which are lost, result in R0. */
    BpfAssembler call(final int helper) {
        return emit(BPF_JMP | BPF_CALL, 0, 0, 0, helper);
    }

    /** Ends the program with the verdict in R0. */
    BpfAssembler exit() {
        return emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    }

    /** Says that {@code label} is here. */
    BpfAssembler place(final Label label) {
        if (places.put(label, length) != null) {
            throw new IllegalStateException("a label is in one place only");
        }
        return this;
    }

    /** The finished program. */
    long[] assemble() {
        final long[] finished = Arrays.copyOf(code, length);
        for (final Jump jump : jumps) {
            final Integer target = places.get(jump.target);
            if (target == null) {
                throw new IllegalStateException("a jump leads to a label that is nowhere");
            }
            // Counted from the instruction after the jump.
            finished[jump.at] |= offset(target - jump.at - 1);
        }
        return finished;
    }

    private BpfAssembler jumpTo(final int opcode, final int dst, final int src, final int value, final Label target) {
        jumps.add(new Jump(length, target));
        return emit(opcode, dst, src, 0, value);
    }

    private BpfAssembler emit(final int opcode, final int dst, final int src, final int offset, final int value) {
        if (length == code.length) {
            code = Arrays.copyOf(code, 2 * length);
        }
        code[length++] = opcode | (dst | src << 4) << 8 | offset(offset) | (long) value << IMMEDIATE_SHIFT;
        return this;
    }

    private static long offset(final int offset) {
        if (offset != (short) offset) {
            throw new IllegalStateException("an offset has 16 bits: " + offset);
        }
        return (offset & 0xffffL) << OFFSET_SHIFT;
    }
}

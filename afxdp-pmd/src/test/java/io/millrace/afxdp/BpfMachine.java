/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

/**
 * Runs the instructions that {@link BpfAssembler} writes, and no others, on one packet: any length will do, and no
 * right is needed, unlike with the kernel's own test run. A read beyond the packet is an error here.
 */
final class BpfMachine {
    static final int REDIRECTED = 4;

    private static final long CONTEXT = 0x1000;
    private static final long DATA = 0x10000;
    private static final int QUEUE = 3;
    private static final int PASS = 2;

    private final long[] registers = new long[11];
    private final byte[] packet;
    private final int mapFd;

    private BpfMachine(final byte[] packet, final int mapFd) {
        this.packet = packet;
        this.mapFd = mapFd;
    }

    /** The verdict, {@link #REDIRECTED} if the packet is to go to the map. */
    static int run(final long[] code, final byte[] packet, final int mapFd) {
        return new BpfMachine(packet, mapFd).run(code);
    }

    private int run(final long[] code) {
        registers[1] = CONTEXT;
        for (int at = 0;; at++) {
            final long instruction = code[at];
            final int opcode = (int) instruction & 0xff;
            final int dst = (int) (instruction >> 8) & 0xf;
            final int src = (int) (instruction >> 12) & 0xf;
            final short offset = (short) (instruction >> 16);
            final int value = (int) (instruction >> 32);
            final boolean jumps;
            switch (opcode) {
                case 0x18 -> {
                    registers[dst] = value & 0xffffffffL | code[++at] & 0xffffffff00000000L;
                    jumps = false;
                }
                case 0x05 -> jumps = true;
                case 0x15 -> jumps = registers[dst] == value;
                case 0x1d -> jumps = registers[dst] == registers[src];
                case 0x55 -> jumps = registers[dst] != value;
                case 0x25 -> jumps = Long.compareUnsigned(registers[dst], value) > 0;
                case 0x2d -> jumps = Long.compareUnsigned(registers[dst], registers[src]) > 0;
                case 0x85 -> {
                    redirect(value);
                    jumps = false;
                }
                case 0x95 -> {
                    return (int) registers[0];
                }
                default -> {
                    registers[dst] = calculate(opcode, registers[dst], registers[src], offset, value);
                    jumps = false;
                }
            }
            at += jumps ? offset : 0;
        }
    }

    private long calculate(final int opcode, final long dst, final long src, final short offset, final int value) {
        return switch (opcode) {
            case 0xbf -> src;
            case 0xb7 -> value;
            case 0x0f -> dst + src;
            case 0x07 -> dst + value;
            case 0x4f -> dst | src;
            case 0x57 -> dst & value;
            case 0x67 -> dst << value;
            case 0x77 -> dst >>> value;
            case 0xdc -> Long.reverseBytes(dst) >>> 64 - value;
            case 0x61 -> src == CONTEXT ? context(offset) : read(src + offset, 4);
            case 0x69 -> read(src + offset, 2);
            case 0x71 -> read(src + offset, 1);
            default -> throw new AssertionError("opcode " + Integer.toHexString(opcode));
        };
    }

    private long context(final int offset) {
        return switch (offset) {
            case 0 -> DATA;
            case 4 -> DATA + packet.length;
            case 16 -> QUEUE;
            default -> throw new AssertionError("the context has nothing at " + offset);
        };
    }

    private long read(final long address, final int bytes) {
        long number = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            number = number << 8 | packet[Math.toIntExact(address - DATA + i)] & 0xff;
        }
        return number;
    }

    private void redirect(final int helper) {
        if (helper != 51 || registers[1] != mapFd || registers[2] != QUEUE || registers[3] != PASS) {
            throw new AssertionError("helper " + helper + " with a wrong argument");
        }
        registers[0] = REDIRECTED;
    }
}

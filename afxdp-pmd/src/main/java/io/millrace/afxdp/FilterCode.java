/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static io.millrace.afxdp.BpfAssembler.BPF_B;
import static io.millrace.afxdp.BpfAssembler.BPF_H;
import static io.millrace.afxdp.BpfAssembler.BPF_W;
import static io.millrace.afxdp.BpfAssembler.R0;
import static io.millrace.afxdp.BpfAssembler.R1;
import static io.millrace.afxdp.BpfAssembler.R2;
import static io.millrace.afxdp.BpfAssembler.R3;
import static io.millrace.afxdp.BpfAssembler.R4;
import static io.millrace.afxdp.BpfAssembler.R5;
import static io.millrace.afxdp.BpfAssembler.R6;
import static io.millrace.afxdp.BpfAssembler.R7;
import static io.millrace.afxdp.BpfAssembler.R8;
import static io.millrace.afxdp.BpfAssembler.R9;

import io.millrace.afxdp.BpfAssembler.Label;
import io.millrace.packet.EtherType;
import io.millrace.packet.IpProtocol;
import java.util.List;

/**
 * Translates a condition. First the frame is taken apart, once, into facts in registers, each of which is
 * {@link #ABSENT} where the frame does not have it; then the tree is a matter of comparing numbers:
 *
 * <pre>
 *  R1 context, kept          R6 destination MAC
 *  R2 first byte             R7 type, behind the outer VLAN tag if there is one
 *  R3 byte after the last    R8 outer VLAN tag: type in bits 31..16, id in bits 11..0
 *  R4 where it reads         R9 UDP destination port
 * </pre>
 *
 * <p>Each read follows a comparison of its end with R3, as the verifier demands.
 */
final class FilterCode {
    private static final int CONTEXT = R1;
    private static final int DATA = R2;
    private static final int DATA_END = R3;
    private static final int CURSOR = R4;
    private static final int MAC = R6;
    private static final int TYPE = R7;
    private static final int TAG = R8;
    private static final int PORT = R9;

    private static final int ABSENT = -1;
    // struct xdp_md
    private static final int DATA_OFFSET = 0;
    private static final int DATA_END_OFFSET = 4;
    private static final int VLAN_ID_MASK = 0xfff;
    private static final int TAG_TYPE_SHIFT = 16;
    /** As few values as this are compared one by one; more are searched by halves. */
    private static final int FEW = 4;

    private final BpfAssembler code;

    private FilterCode(final BpfAssembler code) {
        this.code = code;
    }

    /**
     * Appends the translation. The context is in R1 and stays there; all other registers are lost.
     *
     * @param condition neither {@code All} nor {@code None}, which need no code.
     * @param taken     where to go on with a frame that meets it.
     * @param left      where to go on with any other.
     */
    static void append(final BpfAssembler code, final Condition condition, final Label taken, final Label left) {
        final FilterCode filter = new FilterCode(code);
        final Label decide = new Label();
        filter.parseEthernet(condition, decide);
        if (condition.looksAt(Field.UDP)) {
            filter.parseUdp(decide);
        }
        code.place(decide);
        filter.decide(condition, taken, left);
    }

    private void parseEthernet(final Condition condition, final Label end) {
        for (final int fact : new int[] {MAC, TYPE, TAG, PORT}) {
            code.moveImmediate(fact, ABSENT);
        }
        code.load(BPF_W, DATA, CONTEXT, DATA_OFFSET)
            .load(BPF_W, DATA_END, CONTEXT, DATA_END_OFFSET)
            .move(CURSOR, DATA)
            .addImmediate(CURSOR, 14)
            .jumpIfAbove(CURSOR, DATA_END, end);
        if (condition.looksAt(Field.MAC)) {
            code.load(BPF_W, MAC, DATA, 0).bigEndian(MAC, 32).shiftLeft(MAC, 16)
                .load(BPF_H, R0, DATA, 4).bigEndian(R0, 16).or(MAC, R0);
        }
        if (condition.looksAt(Field.TYPE, Field.VLAN, Field.UDP)) {
            final Label tagged = new Label();
            final Label untagged = new Label();
            code.load(BPF_H, TYPE, DATA, 12).bigEndian(TYPE, 16)
                .jumpIfEqual(TYPE, EtherType.VLAN, tagged)
                .jumpUnlessEqual(TYPE, EtherType.SERVICE_VLAN, untagged)
                .place(tagged)
                .addImmediate(CURSOR, 4)
                .jumpIfAbove(CURSOR, DATA_END, end)
                .load(BPF_H, TAG, DATA, 14).bigEndian(TAG, 16).andImmediate(TAG, VLAN_ID_MASK)
                .shiftLeft(TYPE, TAG_TYPE_SHIFT).or(TAG, TYPE)
                .load(BPF_H, TYPE, DATA, 16).bigEndian(TYPE, 16)
                .place(untagged);
        }
    }

    /** The cursor is at the IP header, of which nothing is known to be there. */
    private void parseUdp(final Label end) {
        final Label version4 = new Label();
        code.jumpIfEqual(TYPE, EtherType.IPV4, version4)
            .jumpUnlessEqual(TYPE, EtherType.IPV6, end);

        code.move(R5, CURSOR).addImmediate(R5, 40 + 8).jumpIfAbove(R5, DATA_END, end)
            .load(BPF_B, R0, CURSOR, 0).shiftRight(R0, 4).jumpUnlessEqual(R0, 6, end)
            .load(BPF_B, R0, CURSOR, 6).jumpUnlessEqual(R0, IpProtocol.UDP, end)
            .load(BPF_H, PORT, CURSOR, 40 + 2).bigEndian(PORT, 16)
            .jump(end);

        code.place(version4)
            .move(R5, CURSOR).addImmediate(R5, 20).jumpIfAbove(R5, DATA_END, end)
            .load(BPF_B, R0, CURSOR, 9).jumpUnlessEqual(R0, IpProtocol.UDP, end)
            // Only the first fragment, or a packet in one piece, begins with the UDP header.
            .load(BPF_H, R0, CURSOR, 6).bigEndian(R0, 16).andImmediate(R0, 0x1fff).jumpUnlessEqual(R0, 0, end)
            // The version, 4, and how many 32-bit words the header has.
            .load(BPF_B, R0, CURSOR, 0);
        // Not calculated: only a process with CAP_PERFMON may add a number that is not fixed to a pointer.
        for (int words = 5; words < 16; words++) {
            final Label next = new Label();
            code.jumpUnlessEqual(R0, 0x40 | words, words < 15 ? next : end)
                .move(R5, CURSOR).addImmediate(R5, 4 * words + 8).jumpIfAbove(R5, DATA_END, end)
                .load(BPF_H, PORT, CURSOR, 4 * words + 2).bigEndian(PORT, 16)
                .jump(end)
                .place(next);
        }
    }

    private void decide(final Condition condition, final Label yes, final Label no) {
        if (condition instanceof Condition.OneOf leaf) {
            compare(leaf, yes, no);
        } else if (condition instanceof Condition.Not not) {
            decide(not.part(), no, yes);
        } else if (condition instanceof Condition.Every every) {
            decideInTurn(every.parts(), no, yes, false);
        } else if (condition instanceof Condition.Any any) {
            decideInTurn(any.parts(), yes, no, true);
        } else {
            throw new IllegalArgumentException(condition + " needs no code");
        }
    }

    /** The first part whose outcome is {@code decisive} leads to {@code early}; without any, on to {@code late}. */
    private void decideInTurn(final List<Condition> parts, final Label early, final Label late,
        final boolean decisive) {
        for (int i = 0; i < parts.size(); i++) {
            final boolean isLast = i == parts.size() - 1;
            final Label next = isLast ? late : new Label();
            decide(parts.get(i), decisive ? early : next, decisive ? next : early);
            if (!isLast) {
                code.place(next);
            }
        }
    }

    private void compare(final Condition.OneOf leaf, final Label yes, final Label no) {
        // Always a copy that went through arithmetic. The verifier would otherwise note on each branch which value the
        // fact has there, and examine the rest of the program once for each of them.
        switch (leaf.field()) {
            case MAC -> search(code.move(R0, MAC).andImmediate(R0, -1), leaf.values(), true, yes, no);
            case UDP -> search(code.move(R0, PORT).andImmediate(R0, -1), leaf.values(), false, yes, no);
            // Where there is no tag this gives 4095, which is no id.
            case VLAN -> search(code.move(R0, TAG).andImmediate(R0, VLAN_ID_MASK), leaf.values(), false, yes, no);
            case TYPE -> {
                final List<Long> tags =
                    leaf.values().stream().filter(type -> EtherType.isVlan(type.intValue())).toList();
                final Label unlike = tags.isEmpty() ? no : new Label();
                search(code.move(R0, TYPE).andImmediate(R0, -1), leaf.values(), false, yes, unlike);
                if (!tags.isEmpty()) {
                    code.place(unlike).move(R0, TAG).shiftRight(R0, TAG_TYPE_SHIFT);
                    search(code, tags, false, yes, no);
                }
            }
            default -> throw new AssertionError(leaf.field());
        }
    }

    /** Looks for R0 among sorted values; the wide ones do not fit an instruction. */
    private static void search(final BpfAssembler code, final List<Long> values, final boolean isWide,
        final Label yes, final Label no) {
        if (values.size() <= FEW) {
            for (final long value : values) {
                if (isWide) {
                    code.moveWide(R5, value).jumpIfSame(R0, R5, yes);
                } else {
                    code.jumpIfEqual(R0, (int) value, yes);
                }
            }
            code.jump(no);
            return;
        }
        final int middle = values.size() / 2;
        final long last = values.get(middle - 1);
        final Label upper = new Label();
        if (isWide) {
            code.moveWide(R5, last).jumpIfAbove(R0, R5, upper);
        } else {
            code.jumpIfGreater(R0, (int) last, upper);
        }
        search(code, values.subList(0, middle), isWide, yes, no);
        code.place(upper);
        search(code, values.subList(middle, values.size()), isWide, yes, no);
    }
}

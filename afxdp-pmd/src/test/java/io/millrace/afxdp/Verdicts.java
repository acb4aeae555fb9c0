/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.afxdp.BpfAssembler.Label;
import io.millrace.linux.Bpf;
import io.millrace.linux.Capabilities;
import io.millrace.linux.Fd;

/** What the translation of a filter says about frames: run by {@link BpfMachine} and, where we may, by the kernel. */
final class Verdicts implements AutoCloseable {
    private static final int MAP_FD = 77;
    private static final int SHORTEST_FOR_KERNEL = 14;
    private static final int XDP_TX = 3;

    private final Filter filter;
    private final long[] instructions;
    private final Fd program;

    Verdicts(final Filter filter) {
        this.filter = filter;
        instructions = XdpProgram.instructions(filter, MAP_FD);
        program = isKernelAllowed() ? load(filter) : null;
    }

    static boolean isKernelAllowed() {
        return Capabilities.effective(Capabilities.CAP_SYS_ADMIN)
            || Capabilities.effective(Capabilities.CAP_BPF) && Capabilities.effective(Capabilities.CAP_NET_ADMIN);
    }

    /** The filter's code, but ends that the kernel's test run can tell apart without any socket. */
    private static Fd load(final Filter filter) {
        final Condition condition = filter.condition();
        final BpfAssembler code = new BpfAssembler();
        if (condition instanceof Condition.All || condition instanceof Condition.None) {
            code.moveImmediate(0, condition instanceof Condition.All ? XDP_TX : XdpProgram.XDP_PASS).exit();
        } else {
            final Label taken = new Label();
            final Label left = new Label();
            FilterCode.append(code, condition, taken, left);
            code.place(taken).moveImmediate(0, XDP_TX).exit().place(left).moveImmediate(0, XdpProgram.XDP_PASS).exit();
        }
        return Bpf.load(Bpf.PROGRAM_XDP, "millrace_test", 0, code.assemble());
    }

    boolean takes(final byte[] frame) {
        final boolean isTaken =
            said(BpfMachine.run(instructions, frame, MAP_FD), BpfMachine.REDIRECTED, "the machine");
        if (program != null && frame.length >= SHORTEST_FOR_KERNEL
            && said(Bpf.testRun(program, frame), XDP_TX, "the kernel") != isTaken) {
            throw new AssertionError("the kernel does not say " + isTaken + " with " + filter);
        }
        return isTaken;
    }

    private boolean said(final int verdict, final int taken, final String who) {
        if (verdict != taken && verdict != XdpProgram.XDP_PASS) {
            throw new AssertionError(who + " said " + verdict + " with " + filter);
        }
        return verdict == taken;
    }

    @Override
    public void close() {
        if (program != null) {
            program.close();
        }
    }
}

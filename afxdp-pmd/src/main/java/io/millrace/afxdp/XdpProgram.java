/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static io.millrace.afxdp.BpfAssembler.R0;
import static io.millrace.afxdp.BpfAssembler.R1;
import static io.millrace.afxdp.BpfAssembler.R2;
import static io.millrace.afxdp.BpfAssembler.R3;

import io.millrace.afxdp.BpfAssembler.Label;

/** The XDP program of a port: what the filter takes goes to the socket of its receive queue, the rest to the kernel. */
final class XdpProgram {
    /** The verdict that gives a packet to the kernel's network stack. */
    static final int XDP_PASS = 2;

    // struct xdp_md
    private static final int RX_QUEUE_INDEX_OFFSET = 16;
    private static final int HELPER_REDIRECT_MAP = 51;

    private XdpProgram() {
    }

    /**
     * Translates.
     *
     * @param filter which packets are taken.
     * @param mapFd  the descriptor of the XSKMAP in this process.
     */
    static long[] instructions(final Filter filter, final int mapFd) {
        final BpfAssembler code = new BpfAssembler();
        final Label taken = new Label();
        final Label left = new Label();
        final Condition condition = filter.condition();
        final boolean isFixed = condition instanceof Condition.All || condition instanceof Condition.None;
        if (!isFixed) {
            FilterCode.append(code, condition, taken, left);
        }
        // What cannot be reached must not be there: the verifier refuses it.
        if (!(condition instanceof Condition.None)) {
            // A queue without a socket, or beyond the map: the helper returns its third argument.
            code.place(taken)
                .load(BpfAssembler.BPF_W, R2, R1, RX_QUEUE_INDEX_OFFSET)
                .moveMap(R1, mapFd)
                .moveImmediate(R3, XDP_PASS)
                .call(HELPER_REDIRECT_MAP)
                .exit();
        }
        if (!(condition instanceof Condition.All)) {
            code.place(left).moveImmediate(R0, XDP_PASS).exit();
        }
        return code.assemble();
    }
}

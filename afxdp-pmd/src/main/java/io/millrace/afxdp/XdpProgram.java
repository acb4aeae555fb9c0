/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static io.millrace.afxdp.BpfAssembler.R1;
import static io.millrace.afxdp.BpfAssembler.R2;
import static io.millrace.afxdp.BpfAssembler.R3;

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
        // A queue without a socket, or beyond the map: the helper returns its third argument.
        return new BpfAssembler()
            .load(BpfAssembler.BPF_W, R2, R1, RX_QUEUE_INDEX_OFFSET)
            .moveMap(R1, mapFd)
            .moveImmediate(R3, XDP_PASS)
            .call(HELPER_REDIRECT_MAP)
            .exit()
            .assemble();
    }
}

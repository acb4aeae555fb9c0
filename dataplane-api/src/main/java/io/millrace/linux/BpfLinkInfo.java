/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * What the kernel says about a BPF link, which keeps a program attached to something.
 *
 * @param type      its kind, as {@link Bpf#LINK_XDP}.
 * @param id        its number among the links of this machine.
 * @param programId the program's number.
 * @param ifindex   of an XDP link, the interface, by its number in its own network namespace; 0 when the device is
 *                  gone, or when somebody has detached the program. Meaningless for other kinds.
 */
public record BpfLinkInfo(int type, int id, int programId, int ifindex) {
    // struct bpf_link_info; the union begins at a multiple of 8
    private static final int XDP_IFINDEX_OFFSET = 16;

    /** Asks about a link. */
    public static BpfLinkInfo of(final Fd link) {
        try (Scratch info = Bpf.info(link)) {
            return new BpfLinkInfo(info.getInt(0), info.getInt(4), info.getInt(8), info.getInt(XDP_IFINDEX_OFFSET));
        }
    }
}

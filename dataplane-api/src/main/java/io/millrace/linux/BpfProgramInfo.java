/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * What the kernel says about a loaded BPF program.
 *
 * @param type its kind, as {@link Bpf#PROGRAM_XDP}.
 * @param id   its number among the programs of this machine.
 * @param name what its maker called it, at most 15 characters; may be empty.
 */
public record BpfProgramInfo(int type, int id, String name) {
    // struct bpf_prog_info
    private static final int NAME_OFFSET = 64;

    /** Asks about a program. */
    public static BpfProgramInfo of(final Fd program) {
        try (Scratch info = Bpf.info(program)) {
            return new BpfProgramInfo(info.getInt(0), info.getInt(4), Bpf.name(info, NAME_OFFSET));
        }
    }
}

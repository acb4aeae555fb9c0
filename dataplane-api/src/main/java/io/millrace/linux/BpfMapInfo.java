/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * What the kernel says about a BPF map.
 *
 * @param type        its kind, as {@link Bpf#MAP_XSK}.
 * @param id          its number among the maps of this machine.
 * @param keyLength   in bytes.
 * @param valueLength in bytes.
 * @param entries     the most entries it can have; keys of an array-like map are below.
 * @param name        what its maker called it, at most 15 characters; may be empty.
 */
public record BpfMapInfo(int type, int id, int keyLength, int valueLength, int entries, String name) {
    // struct bpf_map_info
    private static final int NAME_OFFSET = 24;

    /** Asks about a map. */
    public static BpfMapInfo of(final Fd map) {
        try (Scratch info = Bpf.info(map)) {
            return new BpfMapInfo(info.getInt(0), info.getInt(4), info.getInt(8), info.getInt(12), info.getInt(16),
                Bpf.name(info, NAME_OFFSET));
        }
    }
}

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
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * Where one ring of an AF_XDP socket lies in memory: two free-running 32-bit indexes, a word of flags, and a power of
 * two of entries. Whoever produces writes entries and then releases the producer index; whoever consumes acquires it.
 *
 * <pre>
 *   rx, tx:             entry = address in the UMEM (64 bits), length (32), options (32)
 *   fill, completion:   entry = address in the UMEM (64 bits)
 * </pre>
 *
 * <p>The addresses are valid until the {@link XdpSocket} is closed.
 *
 * @param size     how many entries it has.
 * @param producer address of the producer index.
 * @param consumer address of the consumer index.
 * @param flags    address of the flags; bit {@link #NEED_WAKEUP}.
 * @param entries  address of the first entry.
 */
public record XdpRing(int size, long producer, long consumer, long flags, long entries) {
    /** Flag of fill and tx rings: the kernel goes on only after a system call. */
    public static final int NEED_WAKEUP = 1;
    /** Bytes of an entry of an rx or tx ring. */
    public static final int DESCRIPTOR_LENGTH = 16;
    /** Bytes of an entry of a fill or completion ring. */
    public static final int ADDRESS_LENGTH = 8;
    /** Option bit of a descriptor: the packet goes on in the next one. */
    public static final int CONTINUED = 1;
}

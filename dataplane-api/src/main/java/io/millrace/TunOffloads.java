/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import io.millrace.linux.TunDevice;

/** What is left to be done to packets of a tap or tun device, in the words of {@link Offload}. For drivers. */
public final class TunOffloads {
    // What a kernel may not know yet, the newest first.
    private static final int[] DISPENSABLE = {Offload.USO, Offload.ECN, Offload.TSO6, Offload.TSO4, Offload.CSUM};

    private TunOffloads() {
    }

    /**
     * Asks the kernel for offloads; also for none, for whoever had the device before may have left some.
     *
     * @param device one queue of it: they share this.
     * @param wanted bits of {@link Offload}.
     * @return those that the kernel agreed to.
     */
    public static int ask(final TunDevice device, final int wanted) {
        int bits = wanted;
        for (int i = 0; !device.offloads(kernelBits(bits)) && i < DISPENSABLE.length; i++) {
            bits &= ~DISPENSABLE[i];
        }
        return bits;
    }

    private static int kernelBits(final int bits) {
        return bit(bits, Offload.CSUM, TunDevice.OFFLOAD_CSUM) | bit(bits, Offload.TSO4, TunDevice.OFFLOAD_TSO4)
            | bit(bits, Offload.TSO6, TunDevice.OFFLOAD_TSO6) | bit(bits, Offload.ECN, TunDevice.OFFLOAD_ECN)
            | bit(bits, Offload.USO, TunDevice.OFFLOAD_USO4 | TunDevice.OFFLOAD_USO6);
    }

    private static int bit(final int bits, final int ours, final int theirs) {
        return (bits & ours) == 0 ? 0 : theirs;
    }
}

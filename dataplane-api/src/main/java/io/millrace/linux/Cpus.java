/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.Arrays;
import java.util.BitSet;

/** The processors this process may use, and pinning threads to them. */
public final class Cpus {
    private static final int MASK_LENGTH = 1024;
    private static final int CALLING_THREAD = 0;

    private Cpus() {
    }

    /**
     * The processors of this process, ascending: what the container, {@code taskset} or the operator left it. Pinned
     * threads do not change the answer.
     */
    public static int[] available() {
        final int pid = (int) ProcessHandle.current().pid();
        try (Scratch mask = new Scratch(MASK_LENGTH)) {
            if (LibC.schedGetaffinity(pid, MASK_LENGTH, mask.address()) == -1) {
                throw new LinuxException("list the CPUs of this process", LibC.errno(), "");
            }
            final long[] words = new long[MASK_LENGTH / Long.BYTES];
            for (int i = 0; i < words.length; i++) {
                words[i] = mask.getLong((long) i * Long.BYTES);
            }
            return BitSet.valueOf(words).stream().toArray();
        }
    }

    /**
     * Ties the calling thread to one processor.
     *
     * @throws LinuxException if this process may not use it; the message says which it may.
     */
    public static void pin(final int cpu) {
        final int errno = cpu < 0 || cpu >= MASK_LENGTH * Byte.SIZE ? Errno.EINVAL : setAffinity(cpu);
        if (errno != 0) {
            throw new LinuxException("pin " + Thread.currentThread().getName() + " to CPU " + cpu, errno,
                "choose one of " + Arrays.toString(available()));
        }
    }

    private static int setAffinity(final int cpu) {
        try (Scratch mask = new Scratch(MASK_LENGTH)) {
            mask.putLong((cpu / Long.SIZE) * (long) Long.BYTES, 1L << cpu);
            return LibC.schedSetaffinity(CALLING_THREAD, MASK_LENGTH, mask.address()) == -1 ? LibC.errno() : 0;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process may do beyond an ordinary user, so that a start can name the one right that is missing. */
public final class Capabilities {
    /** Configure interfaces, create tap devices, attach XDP programs. */
    public static final int CAP_NET_ADMIN = 12;
    /** Open packet and AF_XDP sockets. */
    public static final int CAP_NET_RAW = 13;
    /** Lock memory beyond the limit. */
    public static final int CAP_IPC_LOCK = 14;
    /** Everything else; before Linux 5.8 also BPF. */
    public static final int CAP_SYS_ADMIN = 21;
    /** Load BPF programs. */
    public static final int CAP_BPF = 39;

    private static final String EFFECTIVE = "CapEff:";

    private Capabilities() {
    }

    /**
     * Whether the process has a capability at this moment.
     *
     * @param capability its number, one of the constants here or another of capabilities(7).
     */
    public static boolean effective(final int capability) {
        return (effectiveMask() >>> capability & 1) != 0;
    }

    private static long effectiveMask() {
        try {
            for (final String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith(EFFECTIVE)) {
                    return Long.parseUnsignedLong(line.substring(EFFECTIVE.length()).trim(), 16);
                }
            }
        } catch (final IOException e) {
            throw new LinuxException("read /proc/self/status", Errno.ENOENT, "mount /proc");
        }
        return 0;
    }
}

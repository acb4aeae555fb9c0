/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import java.util.Locale;

/** How packets get from a device into the frame pool and back. */
public enum Mode {
    /** The best of the other three that the device can. */
    AUTO,
    /** The device reads and writes the frames itself. Few drivers can; the kernel then sees none of these packets. */
    ZERO_COPY,
    /** The driver runs the XDP program and the kernel copies, once in each direction. */
    COPY,
    /** The kernel runs the program on packets that have gone through half of its stack. Any device, slowly. */
    GENERIC;

    /** As it is written on a command line, such as {@code zero-copy}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}

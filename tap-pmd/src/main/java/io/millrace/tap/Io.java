/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

/** How packets are read from and written to a tap device. */
public enum Io {
    /** By io_uring where the kernel has it and allows it, else one call for each packet. */
    AUTO,
    /** By io_uring, or the port does not open. */
    URING,
    /** One call for each packet. */
    PLAIN
}

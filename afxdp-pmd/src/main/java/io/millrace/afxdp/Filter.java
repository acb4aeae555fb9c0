/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

/** Which of the frames that an interface receives go to Millrace. The rest stays with the kernel. */
public final class Filter {
    private static final Filter ALL = new Filter();

    private Filter() {
    }

    /** Every frame. */
    public static Filter all() {
        return ALL;
    }

    /** As it is written on a command line. */
    @Override
    public String toString() {
        return "all";
    }
}

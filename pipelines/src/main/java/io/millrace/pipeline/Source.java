/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.linux.Fd;

/** A {@link Stage} that polls a receive queue, and that may be able to wake the worker up. Never throws. */
interface Source extends Stage {
    /** Passes {@link io.millrace.RxQueue#arm} on; null if that failed. */
    Fd arm();

    /** Passes {@link io.millrace.RxQueue#disarm} on, if {@link #arm} was. */
    void disarm();

    /** Lets others see what it counts for itself. */
    default void publish() {
    }
}

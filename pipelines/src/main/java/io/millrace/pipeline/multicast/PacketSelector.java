/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;

/**
 * Says which packets of a wire are worth a copy. What is not costs no slot.
 *
 * <p>Thread safety: one worker calls it. Must not block, allocate, or change the packet.
 */
@FunctionalInterface
public interface PacketSelector {
    /** Whether packet {@code i} is to be copied. */
    boolean selects(Burst burst, int i);
}

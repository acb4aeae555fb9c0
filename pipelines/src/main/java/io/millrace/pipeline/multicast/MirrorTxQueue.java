/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.TxQueue;

/** Drops what is sent to a mirror, by name. */
final class MirrorTxQueue implements TxQueue {
    private final Counter receiveOnly;

    MirrorTxQueue(final Counters.Scope scope) {
        receiveOnly = scope.drops(Drops.RECEIVE_ONLY);
    }

    @Override
    public int transmit(final Burst burst) {
        receiveOnly.add(burst.freeAll());
        return 0;
    }

    @Override
    public boolean isReady() {
        return false;
    }

    @Override
    public void release() {
        // Nothing is held between two calls.
    }
}

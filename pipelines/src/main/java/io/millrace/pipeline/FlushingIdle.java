/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import org.agrona.concurrent.IdleStrategy;

/** An idle strategy that may sleep: whatever queues have put off is done first. */
record FlushingIdle(Runnable flush, IdleStrategy strategy) implements IdleStrategy {
    @Override
    public void idle(final int packets) {
        if (packets > 0) {
            strategy.reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        flush.run();
        strategy.idle();
    }

    @Override
    public void reset() {
        strategy.reset();
    }
}

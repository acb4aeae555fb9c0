/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

/**
 * How many queues a network device has, and the most it can have. Some drivers know receive and transmit queues, some
 * pairs of them (combined), some both.
 *
 * @param maxRx       the most queues that only receive.
 * @param maxTx       the most queues that only transmit.
 * @param maxCombined the most pairs.
 * @param rx          queues that only receive.
 * @param tx          queues that only transmit.
 * @param combined    pairs.
 */
public record Channels(int maxRx, int maxTx, int maxCombined, int rx, int tx, int combined) {
    /** Queues that receive. */
    public int rxQueues() {
        return rx + combined;
    }

    /** Queues that transmit. */
    public int txQueues() {
        return tx + combined;
    }

    /** The most queues that can both receive and transmit, with the same number each. */
    public int mostQueues() {
        return maxCombined > 0 ? maxCombined : Math.min(maxRx, maxTx);
    }

    /** The same device with that many queues that receive and as many that transmit. */
    public Channels withQueues(final int queues) {
        return maxCombined > 0 ? new Channels(maxRx, maxTx, maxCombined, 0, 0, queues)
            : new Channels(maxRx, maxTx, 0, queues, queues, 0);
    }
}

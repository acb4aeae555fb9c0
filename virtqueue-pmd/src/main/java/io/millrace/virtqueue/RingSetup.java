/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;

/**
 * Everything a ring is started with. None of it changes while the ring runs: a front-end that wants another value has
 * to stop the ring first.
 *
 * @param index         of the virtqueue in its device: even ones the guest receives from, odd ones it transmits on.
 * @param size          entries, 1 to 32768; of a split ring a power of two.
 * @param descAddress   the descriptors in this process, wholly inside one region, as are the other two.
 * @param availAddress  the avail ring; of a packed ring, the driver's event suppression.
 * @param usedAddress   the used ring; of a packed ring, the device's event suppression.
 * @param base          where to go on from, as SET_VRING_BASE says it: the avail index, 0 to 65535; of a packed ring a
 *                      position and a wrap counter, see {@link PackedRing}.
 * @param features      the virtio features the driver accepted.
 * @param dma           where its buffers are.
 * @param misses        where to ask for addresses that are missing there, which an IOMMU translates; null: nowhere.
 * @param log           where to tell what was written to that memory; null: nowhere.
 * @param kick          the driver's eventfd, open until the ring is back from the worker; null: it cannot be heard.
 */
record RingSetup(int index, int size, long descAddress, long availAddress, long usedAddress, int base,
    long features, DmaMap dma, Misses misses, DirtyLog log, Fd kick) {
}

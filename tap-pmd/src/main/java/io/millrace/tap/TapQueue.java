/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.linux.Fd;
import io.millrace.linux.IoUring;

/**
 * One direction of one queue of an open device: what a slot hands to a worker.
 *
 * <p>Thread safety: the control loop makes it, sets the MTU and closes it after the worker has given it back; all else
 * is the worker's.
 */
final class TapQueue implements AutoCloseable {
    private final Fd fd;
    private final IoUring ring;
    private final Runnable onBroken;
    private volatile int mtu;
    private boolean isBroken;

    /**
     * A queue.
     *
     * @param fd       stays the device's.
     * @param ring     owned from now on; null to make one call for each packet.
     * @param onBroken called on the worker, once, when the device turns out to be gone.
     */
    TapQueue(final Fd fd, final IoUring ring, final int mtu, final Runnable onBroken) {
        this.fd = fd;
        this.ring = ring;
        this.mtu = mtu;
        this.onBroken = onBroken;
    }

    Fd fd() {
        return fd;
    }

    IoUring ring() {
        return ring;
    }

    int mtu() {
        return mtu;
    }

    /** Control loop only. */
    void mtu(final int newMtu) {
        mtu = newMtu;
    }

    /** The device is gone: tells the control loop, the first time. Worker only. */
    void broken() {
        if (!isBroken) {
            isBroken = true;
            onBroken.run();
        }
    }

    /** Leaves nothing behind in the kernel, so that another thread may take over. Worker only. */
    void rest() {
        if (ring != null) {
            ring.unwatch();
        }
    }

    @Override
    public void close() {
        if (ring != null) {
            ring.close();
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.linux.Errno;
import io.millrace.linux.LinuxException;
import io.millrace.linux.Mapping;
import io.millrace.linux.XdpSocket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Finds out when the kernel has taken a queue away from a closed socket. It does so in the background; the one sign of
 * it that every kernel gives is that the queue can be bound again, so a small socket tries that.
 */
final class QueueRelease {
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(2);
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int RING = 2;

    private QueueRelease() {
    }

    /**
     * Waits until nobody has the first {@code queues} queues of a device. Call in its namespace.
     *
     * @return false if that has not happened within 2 seconds.
     */
    static boolean await(final int ifindex, final int queues) {
        final long startNs = System.nanoTime();
        for (int q = 0; q < queues; q++) {
            while (!isFree(ifindex, q)) {
                if (System.nanoTime() - startNs > TIMEOUT_NS) {
                    return false;
                }
                LockSupport.parkNanos(POLL_NS);
            }
        }
        return true;
    }

    /** Whether a queue can be bound; one that is there no more is free. */
    static boolean isFree(final int ifindex, final int queue) {
        final Mapping memory = Mapping.anonymous(2L * ChunkSet.CHUNK, "probe of an AF_XDP queue");
        try (XdpSocket probe = XdpSocket.open()) {
            probe.register(memory.address(), memory.length(), ChunkSet.CHUNK);
            probe.rings(RING, RING, RING, 0);
            probe.bind(ifindex, queue, XdpSocket.COPY);
            return true;
        } catch (final LinuxException e) {
            return e.errno() != Errno.EBUSY;
        } finally {
            memory.close();
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.Errno;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.Promiscuity;
import io.millrace.linux.XdpFeatures;
import io.millrace.linux.XdpSocket;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that the port has on one device for as long as that device is the same: program, sockets, rings, and what was
 * changed about the device and will be set back. Nothing of it outlives it but frames, which {@link #reclaim} frees.
 *
 * <p>Thread safety: one thread at a time: the control loop, or a thread in the network namespace on its behalf.
 */
final class XdpSession {
    private static final Logger LOG = LoggerFactory.getLogger("io.millrace.afxdp");

    private final FramePool pool;
    private final AfXdp config;
    private final NetInterface device;
    private final QueueCount queueCount;
    private final List<XdpSocket> sockets = new ArrayList<>();
    private final List<RxRings> rx = new ArrayList<>();
    private final List<TxRings> tx = new ArrayList<>();
    private Attempt chosen;
    private boolean isGeneric;
    private XdpAttachment attachment;
    private Promiscuity promiscuity;

    private XdpSession(final AfXdp config, final FramePool pool, final NetInterface device,
                       final QueueCount queueCount) {
        this.config = config;
        this.pool = pool;
        this.device = device;
        this.queueCount = queueCount;
    }

    /**
     * Opens everything, with frames in the fill rings. Packets come in from then on. Call in the network namespace of
     * the device.
     *
     * @param wanted how many queues; {@link AfXdp#ALL_QUEUES}: as many as are in use.
     * @param frames where the frames for the fill rings come from.
     * @throws io.millrace.ConfigurationException if a program is there already, or a map is not what it should be.
     * @throws LinuxException                     if the system refuses; nothing is left behind.
     */
    static XdpSession open(final AfXdp config, final FramePool pool, final NetInterface device, final int wanted,
                           final FrameCache frames) {
        final QueueCount queueCount = QueueCount.set(device, wanted);
        final XdpSession session = new XdpSession(config, pool, device, queueCount);
        try {
            session.attach();
            session.bind();
            if (config.isPromiscuous()) {
                session.promiscuity = Promiscuity.of(device.index());
            }
            session.fill(frames);
            session.putSockets();
            return session;
        } catch (final RuntimeException e) {
            session.close(true);
            session.reclaim(frames);
            throw e;
        }
    }

    private void attach() {
        if (config.map() != null) {
            attachment = XdpAttachment.pinned(config.map(), queueCount.rx());
            return;
        }
        if (config.mode() != Mode.GENERIC) {
            try {
                attachment = attach(false);
                return;
            } catch (final LinuxException e) {
                if (config.mode() != Mode.AUTO || e.errno() == Errno.EPERM) {
                    throw e;
                }
            }
        }
        attachment = attach(true);
        isGeneric = true;
    }

    private XdpAttachment attach(final boolean generic) {
        final int mapSize = Math.max(device.rxQueues(), queueCount.rx());
        return XdpAttachment.attach(device.index(), device.name(), mapSize, config.filter(), generic);
    }

    private void bind() {
        final List<Attempt> attempts =
            Attempt.of(config.mode(), isGeneric, config.isMultiBuffer(), device.mtu());
        for (int i = 0; chosen == null; i++) {
            try {
                bindAll(attempts.get(i));
                chosen = attempts.get(i);
            } catch (final LinuxException e) {
                closeSockets();
                // Those of the queues before the one that was refused: unmapped now, and without any frame.
                rx.clear();
                tx.clear();
                final boolean isCertain = e.errno() == Errno.EBUSY || e.errno() == Errno.ENODEV
                    || e.errno() == Errno.EPERM;
                if (isCertain || i == attempts.size() - 1) {
                    throw e;
                }
            }
        }
    }

    private void bindAll(final Attempt attempt) {
        final int flags = attempt.flags(config.needsWakeupFlag());
        for (int q = 0; q < queueCount.rx(); q++) {
            final int txSize = q < queueCount.tx() ? config.ringSize() : 0;
            try {
                sockets.add(Umem.bind(pool, () -> newSocket(txSize), device.index(), q, flags));
            } catch (final LinuxException e) {
                if (q > 0 && e.errno() == Errno.EINVAL && queueCount.mayBeFewer()) {
                    queueCount.found(q);
                    return;
                }
                throw e;
            }
            addRings(sockets.get(q), attempt);
        }
    }

    private XdpSocket newSocket(final int txSize) {
        final XdpSocket socket = XdpSocket.open();
        try {
            socket.rings(config.fillSize(), config.ringSize(), config.ringSize(), txSize);
            if (config.isBusyPolling()) {
                socket.busyPoll(config.busyPollBudget(), config.busyPollMicros());
            }
            return socket;
        } catch (final RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private void addRings(final XdpSocket socket, final Attempt attempt) {
        rx.add(new RxRings(pool, socket.rx(), socket.fill(), socket));
        if (socket.tx() == null) {
            tx.add(null);
            return;
        }
        // Without it, of a long burst the rest waits for the next call: that works as well.
        socket.sendBudget(config.ringSize());
        tx.add(new TxRings(pool, socket.tx(), socket.completion(), socket, attempt.mostPieces(zeroCopyPieces()),
            config.needsWakeupFlag()));
    }

    private int zeroCopyPieces() {
        final XdpFeatures features = XdpFeatures.of(device.index());
        return features == null ? 1 : Math.max(1, features.zeroCopyParts());
    }

    private void fill(final FrameCache frames) {
        int missing = 0;
        for (final RxRings rings : rx) {
            boolean isMore = true;
            while (isMore && rings.missing() > 0) {
                isMore = rings.refill(frames);
            }
            missing += rings.missing();
        }
        if (missing > 0) {
            LOG.warn("{}: the frame pool is empty and its fill rings still lack {} frames: give the data plane more "
                + "frames, or the port smaller rings or fewer queues", config.name(), missing);
        }
        // The kernel looks at the fill ring by itself only when it has been woken once, if it ever asks for that.
        for (final RxRings rings : rx) {
            if (rings.needsWakeup()) {
                rings.socket().wakeReceiver();
            }
        }
        frames.close();
    }

    private void putSockets() {
        for (int q = 0; q < sockets.size(); q++) {
            attachment.put(q, sockets.get(q).fd());
        }
    }

    NetInterface device() {
        return device;
    }

    int queues() {
        return sockets.size();
    }

    RxRings rx(final int queue) {
        return rx.get(queue);
    }

    /** Null if the device has fewer transmit queues than receive queues, and not this one. */
    TxRings tx(final int queue) {
        return tx.get(queue);
    }

    XdpSocket socket(final int queue) {
        return sockets.get(queue);
    }

    /** How many receive queues the device has in use now. Call in its namespace. */
    int queuesOfDevice() {
        return QueueCount.inUse(device);
    }

    /** Whether packets still come here. */
    boolean isAttached() {
        return attachment.isAttached();
    }

    /** Attaches the program once more, after somebody took it off. Call in the namespace of the device. */
    void reattach() {
        final XdpAttachment next = attach(isGeneric);
        attachment.close();
        attachment = next;
        putSockets();
    }

    /** Which of the modes it is. */
    Mode mode() {
        if (chosen.isZeroCopy()) {
            return Mode.ZERO_COPY;
        }
        return isGeneric ? Mode.GENERIC : Mode.COPY;
    }

    boolean isMultiBuffer() {
        return chosen.isMultiBuffer();
    }

    /**
     * Gives up sockets and program, and sets back what was changed. No worker has rings any more. Call in the namespace
     * of the device.
     *
     * @param isThere whether the device is: one of that name that came later is not to be changed.
     */
    void close(final boolean isThere) {
        closeSockets();
        if (attachment != null) {
            attachment.close();
        }
        if (promiscuity != null) {
            promiscuity.close();
        }
        if (isThere) {
            queueCount.restore();
        }
    }

    private void closeSockets() {
        sockets.forEach(socket -> Umem.close(pool, socket));
        sockets.clear();
    }

    /**
     * Frees all frames that the kernel had. After {@link #close}, in the namespace of the device.
     *
     * @return how many packets were on their way out.
     */
    int reclaim(final FrameCache frames) {
        // Without the copy a closed socket is not enough: the device itself writes, until its driver has been told.
        if (chosen != null && chosen.isZeroCopy() && !QueueRelease.await(device.index(), rx.size())) {
            LOG.error("{}: the driver has not let go of the frames of its queues; they are not used again",
                device.name());
            return 0;
        }
        int unsent = 0;
        for (final RxRings rings : rx) {
            rings.reclaim(frames);
        }
        for (final TxRings rings : tx) {
            unsent += rings == null ? 0 : rings.reclaim(frames);
        }
        frames.close();
        return unsent;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.linux.Epoll;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.linux.LinuxException;

/**
 * Where one worker sleeps: an epoll instance with a descriptor from each receive queue that has one, and two of its
 * own, for whoever wants the worker to look at its queues or to stop.
 *
 * <p>Descriptors come and go with sessions and devices. What a peer handed over stays watched as long as the peer has
 * it open, whether it is closed here or not, and can then not even be named any more. So when one has changed, a new
 * instance takes the place of the old one.
 *
 * <p>Thread safety: {@link #wake} and {@link #stop} from any thread; {@link #close} when no other is used any more; the
 * rest for the worker.
 */
final class WakeUps implements AutoCloseable {
    private final FaultLog faults;
    private final EventFd stop = EventFd.create();
    private final EventFd bell = EventFd.create();
    private Source[] sources;
    private Fd[] watched;
    private Epoll epoll;
    private boolean areAllWatched = true;
    private boolean isOutdated;

    WakeUps(final Source[] sources, final FaultLog faults) {
        this.sources = sources;
        this.faults = faults;
        watched = new Fd[sources.length];
        try {
            epoll = create();
        } catch (final LinuxException e) {
            stop.close();
            bell.close();
            throw e;
        }
    }

    private Epoll create() {
        final Epoll created = Epoll.create();
        created.add(stop.fd(), Epoll.IN, 0);
        created.add(bell.fd(), Epoll.IN | Epoll.ET, 0);
        return created;
    }

    /** Watches other queues from now on. None of the old ones is armed. */
    void watch(final Source... others) {
        sources = others;
        watched = new Fd[others.length];
        isOutdated = true;
    }

    /**
     * Asks every queue to wake the worker from now on. It polls once more before it sleeps.
     *
     * @return whether all of them can.
     */
    boolean arm() {
        boolean hasChanged = isOutdated;
        boolean canAllWake = true;
        for (int i = 0; i < sources.length; i++) {
            final Fd fd = sources[i].arm();
            hasChanged |= fd != watched[i];
            watched[i] = fd;
            canAllWake &= fd != null;
        }
        if (hasChanged) {
            isOutdated = false;
            rebuild();
        }
        return canAllWake && areAllWatched;
    }

    private void rebuild() {
        areAllWatched = true;
        try {
            final Epoll rebuilt = create();
            epoll.close();
            epoll = rebuilt;
        } catch (final LinuxException e) {
            areAllWatched = false;
            faults.report("waiting for packets", e);
        }
        for (final Fd fd : watched) {
            if (fd != null) {
                watch(fd);
            }
        }
    }

    private void watch(final Fd fd) {
        try {
            // A stranger's eventfd cannot be read, so it stays ready for good: only its changes count.
            epoll.add(fd, Epoll.IN | Epoll.ET, 0);
        } catch (final LinuxException | IllegalStateException e) {
            areAllWatched = false;
            faults.report("waiting for packets", e);
        }
    }

    /**
     * Sleeps until a queue wakes the worker.
     *
     * @return false if the time has passed instead.
     */
    boolean await(final long timeoutNs) {
        return epoll.awaitNs(timeoutNs) > 0;
    }

    /** Ends what {@link #arm} began. */
    void disarm() {
        for (final Source source : sources) {
            source.disarm();
        }
    }

    /** Ends a sleep: there may be something that no queue's descriptor tells of, such as a queue's new ring. */
    void wake() {
        bell.signal();
    }

    /** Nobody sleeps here any more, now or later. */
    void stop() {
        stop.signal();
    }

    @Override
    public void close() {
        epoll.close();
        stop.close();
        bell.close();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.PortContext;
import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;

import java.util.ArrayList;
import java.util.List;

/**
 * One session with one back-end: the memory shared with it, and what its rings are made of. Nothing of
 * it outlives it.
 *
 * <p>Thread safety: control loop only.
 */
final class DriverSession implements AutoCloseable {
    private final VirtioUser config;
    private final DriverSlot[] slots;
    private final DriverMemory memory;
    private final List<EventFd> kicks = new ArrayList<>();
    private final List<EventFd> calls = new ArrayList<>();
    private final BackEnd backEnd;
    private Runnable onUp;
    private BackEnd.Owner onEnd;
    private Runnable onStopped;
    private int ringsToStop;
    private long features;

    /**
     * Allocates everything.
     *
     * @param slots get the rings when the back-end is ready.
     * @param maker makes the back-end, which is closed with the session.
     * @throws io.millrace.linux.LinuxException if the system refuses memory or descriptors.
     */
    DriverSession(final VirtioUser config, final PortContext context, final DriverSlot[] slots,
                  final BackEnd.Maker maker) {
        this.config = config;
        this.slots = slots;
        memory = new DriverMemory(context.pool(), slots.length, config.ringSize(), config.name());
        try {
            for (int ring = 0; ring < slots.length; ring++) {
                kicks.add(EventFd.create());
                calls.add(EventFd.create());
            }
            backEnd = maker.make(this::onEnd);
        } catch (final RuntimeException e) {
            memory.close();
            closeEvents();
            throw e;
        }
    }

    private void closeEvents() {
        kicks.forEach(EventFd::close);
        calls.forEach(EventFd::close);
    }

    /**
     * Begins the handshake.
     *
     * @param up  called when the slots have their rings.
     * @param end called when the back-end is gone; the rings are still out then.
     */
    void start(final Runnable up, final BackEnd.Owner end) {
        onUp = up;
        onEnd = end;
        final List<Fd> kickFds = kicks.stream().map(EventFd::fd).toList();
        final List<Fd> callFds = calls.stream().map(EventFd::fd).toList();
        backEnd.start(memory, kickFds, callFds, this::onReady);
    }

    private void onReady(final long negotiated) {
        features = negotiated;
        for (int ring = 0; ring < slots.length; ring++) {
            slots[ring].offer(DriverRing.of(memory, ring, config.ringSize(), features,
                kicks.get(ring).fd().number(), calls.get(ring).fd()));
        }
        onUp.run();
    }

    /** What was negotiated, once it is up. */
    long features() {
        return features;
    }

    private void onEnd(final SessionEnd why) {
        if (onStopped != null) {
            onStopped.run();
            onStopped = null;
        }
        onEnd.onEnd(why);
    }

    /** Asks the back-end to stop all rings, and calls {@code then} when it has, or when it is gone. */
    void stop(final Runnable then) {
        onStopped = then;
        ringsToStop = slots.length;
        for (int ring = 0; ring < slots.length; ring++) {
            backEnd.stop(ring, this::onRingStopped);
        }
    }

    private void onRingStopped() {
        if (--ringsToStop == 0 && onStopped != null) {
            onStopped.run();
            onStopped = null;
        }
    }

    /** Leaves the back-end. The rings may still be used: nobody reads them. */
    void disconnect() {
        backEnd.close();
    }

    /** Frees all the rest. No worker has a ring any more. */
    @Override
    public void close() {
        backEnd.close();
        closeEvents();
        memory.close();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.linux.Epoll;
import io.millrace.linux.LinuxException;
import io.millrace.linux.UnixListener;
import io.millrace.linux.UnixSocket;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where a port meets its peer: listens on a socket of its own, or calls at the peer's, again and again with pauses that
 * grow from {@value #FIRST_PAUSE_MS} ms to a second.
 *
 * <p>Thread safety: control loop only.
 */
final class Rendezvous implements Search {
    private static final int FIRST_PAUSE_MS = 100;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(FIRST_PAUSE_MS);
    private static final Duration LAST_PAUSE = Duration.ofSeconds(1);

    private final Path path;
    private final boolean isServer;
    private final ControlLoop control;
    private final SessionLog log;
    private final Host host;
    private UnixListener listener;
    private ControlLoop.Watch knocks;
    private ControlLoop.Timer timer;
    private Duration pause = FIRST_PAUSE;
    private boolean isDeaf;

    /** Who wants to meet somebody. */
    interface Host {
        /** Whether somebody who knocks now is to be let in. If not, they wait until {@link Rendezvous#listen()}. */
        boolean isAtHome();

        /**
         * Somebody is there.
         *
         * @param socket owned by the host from now on.
         * @throws LinuxException if nothing can be begun with them; they are met once more after a pause.
         */
        void onMet(UnixSocket socket);
    }

    Rendezvous(final Path path, final boolean isServer, final ControlLoop control, final SessionLog log,
        final Host host) {
        this.path = path;
        this.isServer = isServer;
        this.control = control;
        this.log = log;
        this.host = host;
    }

    @Override
    public void open() {
        if (!isServer) {
            connect();
            return;
        }
        try {
            listener = UnixListener.bind(path);
        } catch (final LinuxException e) {
            throw new ConfigurationException(e.getMessage());
        }
        knocks = control.watch(listener.fd(), Epoll.IN, events -> accept());
    }

    /** The pause is longer each time. A server hears no knocks meanwhile. */
    @Override
    public void again() {
        deafen();
        if (timer != null) {
            timer.cancel();
        }
        timer = control.after(pause, isServer ? this::listen : this::connect);
        pause = pause.multipliedBy(2).compareTo(LAST_PAUSE) < 0 ? pause.multipliedBy(2) : LAST_PAUSE;
    }

    /** The next pause is a short one. */
    @Override
    public void succeeded() {
        pause = FIRST_PAUSE;
    }

    /** Hears knocks again, if it is a server that did not. */
    void listen() {
        if (isDeaf && listener != null) {
            isDeaf = false;
            knocks.events(Epoll.IN);
        }
    }

    private void connect() {
        final UnixSocket socket;
        try {
            socket = UnixSocket.connect(path);
        } catch (final LinuxException e) {
            log.unreachable(e);
            again();
            return;
        }
        meet(socket);
    }

    private void accept() {
        if (!host.isAtHome()) {
            deafen();
            return;
        }
        try {
            final UnixSocket socket = listener.accept();
            if (socket != null) {
                meet(socket);
            }
        } catch (final LinuxException e) {
            // Out of descriptors. The peer goes on waiting, and would be reported again and again.
            log.failed(e);
            again();
        }
    }

    private void meet(final UnixSocket socket) {
        try {
            host.onMet(socket);
        } catch (final LinuxException e) {
            log.failed(e);
            again();
        }
    }

    private void deafen() {
        if (listener != null) {
            isDeaf = true;
            knocks.events(0);
        }
    }

    @Override
    public void close() {
        if (timer != null) {
            timer.cancel();
        }
        if (listener != null) {
            knocks.close();
            listener.close();
            listener = null;
        }
    }
}

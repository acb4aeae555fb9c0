/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixListener;
import io.millrace.linux.UnixSocket;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A back-end that misbehaves in one way, on a thread of its own. */
final class BadBackEnd implements AutoCloseable {
    private static final int MESSAGE = 20;

    private final UnixListener listener;
    private final Manner manner;
    private final Thread thread = new Thread(this::serve, "bad back-end");
    private volatile boolean isOver;
    private volatile boolean isMet;

    /** What it does. */
    enum Manner {
        /** Takes connections and says nothing. */
        SILENT,
        /** Hangs up at once. */
        HANGS_UP,
        /** Sends bytes that mean nothing. */
        BABBLES,
        /** Answers every request with the same number, and does nothing. */
        AGREES
    }

    BadBackEnd(final Path socket, final Manner manner) {
        this.listener = UnixListener.bind(socket);
        this.manner = manner;
        thread.start();
    }

    private void serve() {
        final List<UnixSocket> sockets = new ArrayList<>();
        while (!isOver) {
            final UnixSocket socket = listener.accept();
            if (socket != null) {
                isMet = true;
                sockets.add(socket);
                greet(socket);
            }
            if (manner == Manner.AGREES) {
                sockets.forEach(BadBackEnd::agree);
            }
            LockSupport.parkNanos(100_000);
        }
        sockets.forEach(UnixSocket::close);
    }

    private void greet(final UnixSocket socket) {
        if (manner == Manner.HANGS_UP) {
            socket.close();
        } else if (manner == Manner.BABBLES) {
            final ByteBuffer bytes = ByteBuffer.allocateDirect(64);
            for (int i = 0; i < 64; i++) {
                bytes.put(i, (byte) -1);
            }
            socket.send(bytes, null);
        }
    }

    /** Answers each header that is read with a number; of payloads it understands nothing. */
    private static void agree(final UnixSocket socket) {
        final ByteBuffer in = ByteBuffer.allocateDirect(4096).order(ByteOrder.LITTLE_ENDIAN);
        try (ReceivedFds fds = new ReceivedFds()) {
            if (socket.receive(in, fds) < Wire.HEADER_LENGTH) {
                return;
            }
        }
        for (int at = 0; at + Wire.HEADER_LENGTH <= in.position(); at += Wire.HEADER_LENGTH + in.getInt(at + 8)) {
            final int request = in.getInt(at);
            final boolean isQuestion = request == Wire.GET_FEATURES || request == Wire.GET_PROTOCOL_FEATURES
                || request == Wire.GET_VRING_BASE || request == Wire.GET_QUEUE_NUM;
            if (isQuestion || (in.getInt(at + 4) & Wire.NEED_REPLY) != 0) {
                socket.send(ByteBuffer.allocateDirect(MESSAGE).order(ByteOrder.LITTLE_ENDIAN).putInt(request)
                    .putInt(Wire.VERSION | Wire.REPLY).putInt(8).putLong(isQuestion ? -1 : 0).flip(), null);
            }
        }
    }

    /** Whether anybody has connected. */
    boolean isMet() {
        return isMet;
    }

    @Override
    public void close() {
        isOver = true;
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        listener.close();
    }
}

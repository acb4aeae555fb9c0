/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.List;

/**
 * News about the network interfaces of a namespace: the one of the thread that opened it. News say where to look, not
 * what is there: by the time they are read more may have happened, so ask {@link Interfaces}.
 *
 * <p>Thread safety: one thread at a time.
 */
public final class LinkMonitor implements AutoCloseable {
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_DELLINK = 17;
    private static final int RTNLGRP_LINK_BIT = 1;
    private static final int MOST_AT_ONCE = 64;

    private final NetlinkSocket socket;
    private boolean isCongested;

    private LinkMonitor(final NetlinkSocket socket) {
        this.socket = socket;
    }

    /** Hears the news. */
    public interface Listener {
        /** An interface is new, or something about it has changed; {@code name} is its name from then on. */
        void onLink(int index, String name);

        /** An interface was deleted, or has moved to another namespace. */
        void onGone(int index);

        /**
         * There was more than the kernel could keep: anything may have happened. It is told when that comes to light,
         * and again when the news that were kept have been taken, for the kernel keeps nothing in between.
         */
        void onLost();
    }

    /** Opens one. It hears what happens from now on: look at the interfaces afterwards, not before. */
    public static LinkMonitor open() {
        return new LinkMonitor(NetlinkSocket.open(NetlinkSocket.ROUTE, RTNLGRP_LINK_BIT));
    }

    /** How much news the kernel keeps for us, in bytes of its memory; for tests. */
    void receiveBuffer(final int bytes) {
        socket.receiveBuffer(bytes);
    }

    /** Readable when there are news. Owned here. */
    public Fd fd() {
        return socket.fd();
    }

    /**
     * Takes the news that have come, so many of them that others get their turn. Does not wait.
     *
     * @return whether it stopped because there was no more. If not, call it again, whether or not {@link #fd} is
     *         readable.
     */
    public boolean drain(final Listener listener) {
        for (int i = 0; i < MOST_AT_ONCE; i++) {
            try {
                final List<NetlinkMessage> messages = socket.receive("hear about interfaces");
                if (messages.isEmpty()) {
                    settle(listener);
                    return true;
                }
                messages.forEach(message -> tell(message, listener));
            } catch (final NetlinkException e) {
                if (e.errno() != Errno.ENOBUFS) {
                    throw e.refusal("");
                }
                isCongested = true;
                listener.onLost();
            }
        }
        return false;
    }

    /** Once it has run full, the kernel drops all news until the queue is empty, and says so only the first time. */
    private void settle(final Listener listener) {
        if (isCongested) {
            isCongested = false;
            listener.onLost();
        }
    }

    private static void tell(final NetlinkMessage message, final Listener listener) {
        final boolean isGone = message.type() == RTM_DELLINK;
        // A bridge that lets a port go says RTM_DELLINK as well, in its own family: the interface is still there.
        if (!isGone && message.type() != RTM_NEWLINK || message.require(1).body().get(0) != 0) {
            return;
        }
        if (isGone) {
            listener.onGone(NetInterface.index(message));
        } else {
            listener.onLink(NetInterface.index(message), NetInterface.name(message));
        }
    }

    /** Hears no more. */
    @Override
    public void close() {
        socket.close();
    }
}

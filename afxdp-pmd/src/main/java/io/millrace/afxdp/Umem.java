/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.FramePool;
import io.millrace.linux.Errno;
import io.millrace.linux.LinuxException;
import io.millrace.linux.XdpSocket;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * One frame pool as the kernel knows it. The first socket registers the region, which pins its pages; every other
 * socket in the process that is bound the same way shares that registration, whatever device it is on.
 *
 * <p>Thread safety: any thread.
 */
final class Umem {
    private static final Map<FramePool, List<Member>> MEMBERS = new IdentityHashMap<>();

    private Umem() {
    }

    /** A bound socket, and with which flags. Those that share must have the same. */
    private record Member(XdpSocket socket, int flags) {
    }

    /**
     * Binds a new socket to a queue.
     *
     * @param maker makes a socket with rings, more than once if need be.
     * @param flags as for {@link XdpSocket#bind}.
     * @return the socket, to be closed by {@link #close}.
     * @throws LinuxException why it could not be bound.
     */
    static XdpSocket bind(final FramePool pool, final Supplier<XdpSocket> maker, final int ifindex, final int queue,
                          final int flags) {
        synchronized (MEMBERS) {
            final List<Member> members = MEMBERS.getOrDefault(pool, List.of());
            XdpSocket socket = null;
            for (int i = 0; socket == null && i < members.size(); i++) {
                if (members.get(i).flags == flags) {
                    socket = share(maker, ifindex, queue, members.get(i).socket);
                }
            }
            if (socket == null) {
                socket = register(pool, maker, ifindex, queue, flags);
            }
            MEMBERS.computeIfAbsent(pool, p -> new ArrayList<>()).add(new Member(socket, flags));
            return socket;
        }
    }

    /** Null where the kernel does not want these two to share: the other's device is gone, or drivers differ. */
    private static XdpSocket share(final Supplier<XdpSocket> maker, final int ifindex, final int queue,
                                   final XdpSocket other) {
        final XdpSocket socket = maker.get();
        try {
            socket.bindShared(ifindex, queue, other);
            return socket;
        } catch (final LinuxException e) {
            socket.close();
            if (e.errno() == Errno.EBUSY || e.errno() == Errno.ENODEV) {
                throw e;
            }
            return null;
        }
    }

    private static XdpSocket register(final FramePool pool, final Supplier<XdpSocket> maker, final int ifindex,
                                      final int queue, final int flags) {
        final XdpSocket socket = maker.get();
        try {
            socket.register(pool.baseAddress(), pool.size() & -ChunkSet.CHUNK, ChunkSet.CHUNK);
            socket.bind(ifindex, queue, flags);
            return socket;
        } catch (final LinuxException e) {
            socket.close();
            throw e;
        }
    }

    /** Closes a socket. Those that shared its registration keep it. */
    static void close(final FramePool pool, final XdpSocket socket) {
        synchronized (MEMBERS) {
            final List<Member> members = MEMBERS.get(pool);
            if (members != null && members.removeIf(member -> member.socket == socket) && members.isEmpty()) {
                MEMBERS.remove(pool);
            }
            socket.close();
        }
    }

    /** How many sockets are bound to a pool, for tests. */
    static int members(final FramePool pool) {
        synchronized (MEMBERS) {
            return MEMBERS.getOrDefault(pool, List.of()).size();
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.linux.Mapping;
import io.millrace.linux.UnixListener;
import io.millrace.linux.UnixSocket;
import org.agrona.UnsafeApi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A back-end that does exactly what a test tells it, right or wrong: it answers requests with given numbers, maps what
 * it is given, and lets the test write into the rings. Driven by the test's thread through {@link #pump()}.
 */
final class RawBackEnd implements AutoCloseable {
    static final long MODERN = Features.VIRTIO_F_VERSION_1 | Features.VHOST_USER_F_PROTOCOL_FEATURES;

    long features = MODERN | Features.VIRTIO_NET_F_MRG_RXBUF;
    long protocol = ProtocolFeatures.MQ | ProtocolFeatures.REPLY_ACK;
    long queueNum = 1;
    long acked;
    int connections;
    /** Asked about each request before it is answered: true if the test has dealt with it. */
    Predicate<Message> override = message -> false;
    final List<VhostRequest> requests = new ArrayList<>();

    private final UnixListener listener;
    private final List<Region> regions = new ArrayList<>();
    private final Map<Integer, Ring> rings = new TreeMap<>();
    private MessageChannel channel;

    RawBackEnd(final Path socket) {
        listener = UnixListener.bind(socket);
    }

    /** Accepts, and answers what has arrived. */
    void pump() {
        if (channel == null) {
            final UnixSocket socket = listener.accept();
            if (socket == null) {
                return;
            }
            connections++;
            channel = new MessageChannel(socket);
        }
        try {
            for (Message message = channel.receive(); message != null; message = channel.receive()) {
                try (Message request = message) {
                    requests.add(VhostRequest.of(request.request()));
                    if (!override.test(request)) {
                        answer(request);
                    }
                }
                if (channel == null) {
                    return;
                }
            }
            channel.flush();
        } catch (final ProtocolViolation e) {
            throw new AssertionError(e);
        }
        if (channel.isClosed()) {
            hangUp();
        }
    }

    private void answer(final Message request) {
        switch (VhostRequest.of(request.request())) {
            case GET_FEATURES -> reply(request, features);
            case GET_PROTOCOL_FEATURES -> reply(request, protocol);
            case GET_QUEUE_NUM -> reply(request, queueNum);
            case GET_VRING_BASE -> reply(request, request.u32(0));
            case GET_STATUS -> reply(request, 15);
            case SET_FEATURES -> acked = request.u64(0);
            case SET_MEM_TABLE -> map(request);
            case SET_VRING_NUM -> ring(request).size = (int) request.u32(4);
            case SET_VRING_ADDR -> {
                final Ring ring = ring(request);
                ring.descriptors = user(request.u64(8));
                ring.used = user(request.u64(16));
                ring.avail = user(request.u64(24));
            }
            case SET_VRING_KICK -> ring(request).kick = request.takeFd(0);
            default -> {
            }
        }
        if (request.needsReply()) {
            reply(request, 0);
        }
    }

    private Ring ring(final Message request) {
        return rings.computeIfAbsent((int) request.u32(0), i -> new Ring());
    }

    private void map(final Message request) {
        for (int i = 0; i < request.u32(0); i++) {
            final int at = Payload.REGIONS_OFFSET + i * Payload.REGION_LENGTH;
            try (Fd fd = request.takeFd(i)) {
                regions.add(new Region(request.u64(at), request.u64(at + 16),
                    Mapping.map(fd, request.u64(at + 24), request.u64(at + 8), "region " + i)));
            }
        }
    }

    void reply(final Message request, final long value) {
        send(request.request(), Message.REPLY, FrontEnd.payload(8).putLong(0, value));
    }

    void send(final int request, final int flags, final ByteBuffer payload, final Fd... fds) {
        try {
            channel.send(request, flags, payload, fds);
        } catch (final ProtocolViolation e) {
            throw new AssertionError(e);
        }
    }

    /** Where a guest address is here. */
    long guest(final long address) {
        return regions.stream().filter(r -> address >= r.guest && address < r.guest + r.mapping.length())
            .map(r -> r.mapping.address() + address - r.guest).findFirst().orElseThrow();
    }

    private long user(final long address) {
        return regions.stream().filter(r -> address >= r.user && address < r.user + r.mapping.length())
            .map(r -> r.mapping.address() + address - r.user).findFirst().orElseThrow();
    }

    Ring ring(final int index) {
        return rings.get(index);
    }

    /** Closes the connection and forgets what it was given. */
    void hangUp() {
        if (channel != null) {
            channel.close();
            channel = null;
        }
        rings.values().forEach(Ring::close);
        rings.clear();
        regions.forEach(region -> region.mapping.close());
        regions.clear();
    }

    @Override
    public void close() {
        hangUp();
        listener.close();
    }

    private record Region(long guest, long user, Mapping mapping) {
    }

    /** A ring, as the device sees it, with nothing checked. */
    final class Ring {
        int size;
        Fd kick;
        private long descriptors;
        private long avail;
        private long used;
        private int nextUsed;

        /** Where its descriptors are here. */
        long descriptors() {
            return descriptors;
        }

        int availIndex() {
            return UnsafeApi.getShortAcquire(null, avail + 2) & 0xffff;
        }

        int availFlags() {
            return UnsafeApi.getShort(avail) & 0xffff;
        }

        /** The slot in place {@code i} of the avail ring. */
        int slot(final int i) {
            return UnsafeApi.getShort(avail + 4 + 2L * (i % size)) & 0xffff;
        }

        /** Where the buffer of a slot is here. */
        long buffer(final int slot) {
            return guest(UnsafeApi.getLong(descriptors + 16L * slot));
        }

        int length(final int slot) {
            return UnsafeApi.getInt(descriptors + 16L * slot + 8);
        }

        int flags(final int slot) {
            return UnsafeApi.getShort(descriptors + 16L * slot + 12) & 0xffff;
        }

        /** Writes the next used element, without publishing it. */
        void element(final int slot, final int length) {
            final long at = used + 4 + 8L * (nextUsed++ % size);
            UnsafeApi.putInt(at, slot);
            UnsafeApi.putInt(at + 4, length);
        }

        void publish() {
            usedIndex(nextUsed);
        }

        void usedIndex(final int index) {
            nextUsed = index;
            UnsafeApi.putShortRelease(null, used + 2, (short) index);
        }

        int nextUsed() {
            return nextUsed;
        }

        /** Random bytes all over the ring, most of them where the driver reads. */
        void scribble(final Random random) {
            for (long at = descriptors; at < avail; at++) {
                UnsafeApi.putByte(at, (byte) random.nextInt());
            }
            for (int i = 0; i < size; i++) {
                element(random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(size),
                    random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(2000));
            }
            nextUsed -= size;
            usedIndex(nextUsed + random.nextInt(4));
            usedFlags(random.nextInt());
            availEvent(random.nextInt());
        }

        void usedFlags(final int flags) {
            UnsafeApi.putShort(used, (short) flags);
        }

        void availEvent(final int index) {
            UnsafeApi.putShort(used + 4 + 8L * size, (short) index);
        }

        int usedEvent() {
            return UnsafeApi.getShort(avail + 4 + 2L * size) & 0xffff;
        }

        /** How often it was kicked, as the kernel tells without taking the kicks away. */
        long kicks() {
            try (Stream<String> lines = Files.lines(Path.of("/proc/self/fdinfo/" + kick.number()))) {
                final String count = lines.filter(line -> line.startsWith("eventfd-count:")).findFirst().orElseThrow();
                return Long.parseUnsignedLong(count.substring(count.indexOf(':') + 1).trim(), 16);
            } catch (final IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void close() {
            if (kick != null) {
                kick.close();
            }
        }
    }
}

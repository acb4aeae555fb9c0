/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.virtqueue.ProtocolViolation.Reason;

import java.util.EnumMap;
import java.util.Map;

/**
 * What each request does to a device. A request that is not here is not served, whatever the peer thinks it negotiated.
 *
 * <p>A message arrives with the right size and the right number of descriptors ({@link VhostRequest#check}); what it
 * says is checked here, before anything changes. Descriptors that are not taken are closed with the message.
 */
final class RequestHandlers {
    private static final String EVENTFD = "anon_inode:[eventfd]";
    private static final int ADDR_FLAG_LOG = 1;
    private static final long RING_MASK = 0xff;

    private final VhostDevice device;
    private final Map<VhostRequest, Handler> rows = new EnumMap<>(VhostRequest.class);

    /** What one request does. */
    @FunctionalInterface
    interface Handler {
        /** Does it, or says what to wait for. */
        Outcome handle(Message message) throws ProtocolViolation;
    }

    RequestHandlers(final VhostDevice device) {
        this.device = device;
        final DeviceOffer offer = device.offer;
        rows.put(VhostRequest.GET_FEATURES, message -> Outcome.value(offer.features()));
        rows.put(VhostRequest.SET_FEATURES, this::setFeatures);
        rows.put(VhostRequest.GET_PROTOCOL_FEATURES, message -> Outcome.value(offer.protocolFeatures()));
        rows.put(VhostRequest.SET_PROTOCOL_FEATURES, this::setProtocolFeatures);
        rows.put(VhostRequest.SET_OWNER, message -> Outcome.DONE);
        rows.put(VhostRequest.RESET_OWNER, message -> reset(device::rearmAll, device::disableAll));
        rows.put(VhostRequest.RESET_DEVICE,
            message -> reset(device::resetAll, device::disableAll, device::forgetFeatures));
        rows.put(VhostRequest.GET_STATUS, message -> Outcome.value(device.status()));
        rows.put(VhostRequest.SET_STATUS, this::setStatus);
        rows.put(VhostRequest.GET_QUEUE_NUM, message -> Outcome.value(offer.queues()));
        rows.put(VhostRequest.GET_MAX_MEM_SLOTS, message -> Outcome.value(DeviceOffer.MAX_MEMORY_SLOTS));
        rows.put(VhostRequest.SET_MEM_TABLE, message -> change(device.memory.replacement(message)));
        rows.put(VhostRequest.ADD_MEM_REG, message -> change(device.memory.addition(message)));
        rows.put(VhostRequest.REM_MEM_REG, message -> change(device.memory.removal(message)));
        rows.put(VhostRequest.SET_LOG_BASE, this::setLogBase);
        rows.put(VhostRequest.SET_LOG_FD, message -> Outcome.DONE);
        rows.put(VhostRequest.SEND_RARP, this::sendRarp);
        rows.put(VhostRequest.SET_VRING_NUM, this::setNum);
        rows.put(VhostRequest.SET_VRING_ADDR, this::setAddr);
        rows.put(VhostRequest.SET_VRING_BASE, this::setBase);
        rows.put(VhostRequest.GET_VRING_BASE, this::getBase);
        rows.put(VhostRequest.SET_VRING_KICK, this::setKick);
        rows.put(VhostRequest.SET_VRING_CALL, this::setCall);
        rows.put(VhostRequest.SET_VRING_ERR, this::setErr);
        rows.put(VhostRequest.SET_VRING_ENABLE, this::setEnable);
        rows.put(VhostRequest.NET_SET_MTU,
            message -> offer.allowsMtu(message.u64(0)) ? Outcome.DONE : Outcome.REFUSED);
        rows.put(VhostRequest.SET_BACKEND_REQ_FD, this::setBackendChannel);
        rows.put(VhostRequest.IOTLB_MSG, this::iotlb);
    }

    /** What to do with a request; null if it is not served. */
    Handler of(final VhostRequest request) {
        return rows.get(request);
    }

    private Outcome setFeatures(final Message message) throws ProtocolViolation {
        final long features = message.u64(0);
        checkBits(VhostRequest.SET_FEATURES, features, device.offer.features());
        if (Features.has(features, Features.VIRTIO_F_ACCESS_PLATFORM)
            && !device.hasProtocolFeature(ProtocolFeatures.BACKEND_REQ)) {
            throw new ProtocolViolation(Reason.BAD_FEATURES, "SET_FEATURES: ACCESS_PLATFORM, which says that a virtual"
                + " IOMMU translates addresses, without BACKEND_REQ, by which they are asked for");
        }
        if (device.isAnyRunning() && device.togglesLog(features)) {
            // Migration begins or ends. The rings go on where they are, with a log or without one.
            return Outcome.when(device::recallAll, () -> {
                device.stopAll();
                device.features(features);
                return Outcome.DONE;
            });
        }
        if (device.isAnyRunning() && !device.hasFeatures(features)) {
            throw new ProtocolViolation(Reason.BAD_STATE, "SET_FEATURES: other features while rings run");
        }
        device.features(features);
        return Outcome.DONE;
    }

    private Outcome setProtocolFeatures(final Message message) throws ProtocolViolation {
        final long features = message.u64(0);
        checkBits(VhostRequest.SET_PROTOCOL_FEATURES, features, device.offer.protocolFeatures());
        device.protocolFeatures(features);
        return Outcome.DONE;
    }

    private static void checkBits(final VhostRequest request, final long bits, final long offered)
        throws ProtocolViolation {
        if ((bits & ~offered) != 0) {
            throw new ProtocolViolation(Reason.BAD_FEATURES,
                request + ": bits 0x" + Long.toHexString(bits & ~offered) + " were not offered");
        }
    }

    private Outcome reset(final Runnable... steps) {
        return Outcome.when(device::recallAll, () -> {
            for (final Runnable step : steps) {
                step.run();
            }
            return Outcome.DONE;
        });
    }

    private Outcome setStatus(final Message message) {
        final long status = message.u64(0) & 0xff;
        if (status == 0) {
            // virtio 1.2, 2.1: writing 0 resets the device.
            return reset(device::resetAll);
        }
        device.status(status);
        return Outcome.DONE;
    }

    /** Rings hold the table they were started with. So all of them are taken back, and started again where possible. */
    private Outcome change(final GuestMemory next) {
        return Outcome.when(device::recallAll, () -> {
            device.stopAll();
            device.memory.adopt(next);
            // It led to mappings that may be gone.
            device.iommu.iotlb.forget();
            return Outcome.DONE;
        }, () -> device.memory.discard(next));
    }

    /** Rings hold the log they were started with, as they do the memory. */
    private Outcome setLogBase(final Message message) throws ProtocolViolation {
        final LogArea area;
        try (Fd file = message.takeFd(0)) {
            area = LogArea.map(file, message.u64(0), message.u64(Long.BYTES));
        }
        return Outcome.when(device::recallAll, () -> {
            device.stopAll();
            device.logArea(area);
            return Outcome.DONE;
        }, area::close);
    }

    /** The guest has moved here and cannot say so itself: switches learn it from a packet in its name. */
    private Outcome sendRarp(final Message message) {
        device.ring(1).slot.announce(message.u64(0));
        return Outcome.DONE;
    }

    private Outcome setNum(final Message message) throws ProtocolViolation {
        final Vring ring = device.ring(VhostRequest.SET_VRING_NUM, message.u32(0));
        final long size = message.u32(4);
        if (!device.ringKind().isSize(size)) {
            throw new ProtocolViolation(Reason.BAD_VALUE, "SET_VRING_NUM: a size of " + size + ", not "
                + (device.ringKind() == RingKind.SPLIT ? "a power of two " : "") + "up to " + RingKind.MAX_SIZE);
        }
        checkFixed(VhostRequest.SET_VRING_NUM, ring, size == ring.size());
        ring.size((int) size);
        return Outcome.DONE;
    }

    private Outcome setAddr(final Message message) throws ProtocolViolation {
        final Vring ring = device.ring(VhostRequest.SET_VRING_ADDR, message.u32(0));
        final long flags = message.u32(4);
        final long desc = message.u64(8);
        final long used = message.u64(16);
        final long avail = message.u64(24);
        if ((flags & ~ADDR_FLAG_LOG) != 0) {
            throw new ProtocolViolation(Reason.BAD_VALUE, "SET_VRING_ADDR: flags 0x" + Long.toHexString(flags));
        }
        if (!device.ringKind().isAligned(desc, avail, used)) {
            throw new ProtocolViolation(Reason.BAD_VALUE, "SET_VRING_ADDR: descriptors, avail ring and used ring are"
                + " at multiples of 16, 2 and 4 (packed: 16, 4 and 4), not at 0x" + Long.toHexString(desc) + ", 0x"
                + Long.toHexString(avail) + ", 0x" + Long.toHexString(used));
        }
        checkFixed(VhostRequest.SET_VRING_ADDR, ring, ring.hasAddresses(desc, avail, used));
        ring.addresses(desc, avail, used);
        return Outcome.DONE;
    }

    private Outcome setBase(final Message message) throws ProtocolViolation {
        final Vring ring = device.ring(VhostRequest.SET_VRING_BASE, message.u32(0));
        final long base = message.u32(4);
        if (!device.ringKind().isBase(base)) {
            throw new ProtocolViolation(Reason.BAD_VALUE, "SET_VRING_BASE: an index of " + base);
        }
        checkFixed(VhostRequest.SET_VRING_BASE, ring, (int) base == ring.base());
        ring.base((int) base);
        return Outcome.DONE;
    }

    private static void checkFixed(final VhostRequest request, final Vring ring, final boolean isSame)
        throws ProtocolViolation {
        if (ring.isRunning() && !isSame) {
            throw new ProtocolViolation(Reason.BAD_STATE, request + ": a change while ring " + ring.index + " runs");
        }
    }

    private Outcome getBase(final Message message) throws ProtocolViolation {
        final Vring ring = device.ring(VhostRequest.GET_VRING_BASE, message.u32(0));
        return Outcome.when(ring.slot::recall, () -> {
            ring.rearm();
            device.forgetDma();
            return Outcome.value(ring.index | (long) ring.base() << 32);
        });
    }

    private Outcome setKick(final Message message) throws ProtocolViolation {
        final Vring ring = signalledRing(VhostRequest.SET_VRING_KICK, message);
        final Fd kick = eventFd(VhostRequest.SET_VRING_KICK, message);
        // A worker that waits for the old one has to let go of it: the ring starts again with the new one.
        return Outcome.when(() -> !ring.isRunning() || ring.slot.recall(), () -> {
            ring.stopped();
            ring.kick(kick);
            return Outcome.DONE;
        }, () -> {
            if (kick != null) {
                kick.close();
            }
        });
    }

    private Outcome setCall(final Message message) throws ProtocolViolation {
        final Vring ring = signalledRing(VhostRequest.SET_VRING_CALL, message);
        final Fd before = ring.call(eventFd(VhostRequest.SET_VRING_CALL, message));
        if (before == null) {
            return Outcome.DONE;
        }
        // A number that is closed too early may be somebody else's file when the worker signals it.
        return Outcome.when(ring.slot::isCallAdopted, () -> {
            before.close();
            return Outcome.DONE;
        }, before::close);
    }

    private Outcome setErr(final Message message) throws ProtocolViolation {
        final Vring ring = signalledRing(VhostRequest.SET_VRING_ERR, message);
        ring.err(eventFd(VhostRequest.SET_VRING_ERR, message));
        return Outcome.DONE;
    }

    private Vring signalledRing(final VhostRequest request, final Message message) throws ProtocolViolation {
        final long value = message.u64(0);
        if ((value & ~(RING_MASK | Fds.NO_FD)) != 0) {
            throw new ProtocolViolation(Reason.BAD_VALUE, request + ": unknown bits in 0x" + Long.toHexString(value));
        }
        return device.ring(request, value & RING_MASK);
    }

    /** The descriptor of the message, which is an eventfd or nothing: anything else could make its writer wait. */
    private static Fd eventFd(final VhostRequest request, final Message message) throws ProtocolViolation {
        return message.fdCount() == 0 ? null : checked(request, message.takeFd(0), EVENTFD);
    }

    private static Fd checked(final VhostRequest request, final Fd fd, final String kind) throws ProtocolViolation {
        boolean isRight = false;
        try {
            final String target = fd.target();
            isRight = target.startsWith(kind);
            if (!isRight) {
                throw new ProtocolViolation(Reason.WRONG_FILE, request + ": " + target + " instead of " + kind);
            }
            return fd;
        } finally {
            if (!isRight) {
                fd.close();
            }
        }
    }

    private Outcome setEnable(final Message message) throws ProtocolViolation {
        final Vring ring = device.ring(VhostRequest.SET_VRING_ENABLE, message.u32(0));
        final long value = message.u32(4);
        if (value > 1) {
            throw new ProtocolViolation(Reason.BAD_VALUE, "SET_VRING_ENABLE: " + value + ", neither 0 nor 1");
        }
        ring.enabled(value == 1);
        return Outcome.DONE;
    }

    private Outcome setBackendChannel(final Message message) throws ProtocolViolation {
        device.iommu.iotlb.channel(checked(VhostRequest.SET_BACKEND_REQ_FD, message.takeFd(0), "socket:["));
        return Outcome.DONE;
    }

    private Outcome iotlb(final Message message) throws ProtocolViolation {
        final IotlbMessage entry = IotlbMessage.of(message);
        switch (entry.type()) {
            case IotlbMessage.UPDATE -> {
                device.iommu.iotlb.update(entry, device.memory.memory());
                device.publishDma(false);
                return Outcome.when(device::recallMoved, () -> Outcome.DONE);
            }
            case IotlbMessage.INVALIDATE -> {
                final long first = entry.iova();
                // All that is left, if the size is 0, as QEMU's is for all there is, or would wrap around.
                final boolean isRest = entry.size() == 0 || Long.compareUnsigned(first + entry.size() - 1, first) < 0;
                final long last = isRest ? -1 : first + entry.size() - 1;
                device.iommu.iotlb.invalidate(first, last - first + 1);
                device.publishDma(true);
                return Outcome.when(() -> device.leaves(first, last), () -> Outcome.DONE);
            }
            default -> throw new ProtocolViolation(Reason.BAD_VALUE,
                "IOTLB_MSG: type " + entry.type() + ", neither update (2) nor invalidate (3)");
        }
    }
}

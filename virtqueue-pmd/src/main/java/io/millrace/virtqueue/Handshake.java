/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.virtqueue.ProtocolViolation.Reason;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * How the driver side brings a back-end up: which requests, in which order.
 *
 * <pre>
 *   GET_FEATURES, GET/SET_PROTOCOL_FEATURES, GET_QUEUE_NUM, SET_OWNER
 *   SET_STATUS driver, SET_FEATURES, SET_STATUS features-ok, GET_STATUS     (STATUS only where it is offered)
 *   SET_MEM_TABLE, and for each ring  CALL, NUM, BASE, ADDR, KICK, then ENABLE for each
 *   SET_STATUS driver-ok, GET_FEATURES                                      (its answer: all before was processed)
 * </pre>
 */
final class Handshake {
    private static final long WANTED_PROTOCOL =
        ProtocolFeatures.MQ | ProtocolFeatures.REPLY_ACK | ProtocolFeatures.STATUS;
    // virtio 1.2, 2.1: ACKNOWLEDGE and DRIVER, then FEATURES_OK, then DRIVER_OK.
    private static final int STATUS_DRIVER = 3;
    private static final int STATUS_FEATURES_OK = 8;
    private static final int STATUS_DRIVER_OK = 4;
    private static final int RING_ADDRESS_LENGTH = 40;
    private static final int QUEUES_PER_PAIR = 2;

    private final FrontEnd frontEnd;
    private final VirtioUser config;
    private final DriverMemory memory;
    private final List<Fd> kicks;
    private final List<Fd> calls;
    private final LongConsumer onReady;
    private long features;
    private long protocol;

    /**
     * Describes it; {@link #start()} begins.
     *
     * @param kicks   one eventfd per ring. They stay the caller's.
     * @param calls   one eventfd per ring by which the back-end may call. They stay the caller's.
     * @param onReady hears the negotiated features when the back-end is ready.
     */
    Handshake(final FrontEnd frontEnd, final VirtioUser config, final DriverMemory memory, final List<Fd> kicks,
              final List<Fd> calls, final LongConsumer onReady) {
        this.frontEnd = frontEnd;
        this.config = config;
        this.memory = memory;
        this.kicks = kicks;
        this.calls = calls;
        this.onReady = onReady;
    }

    void start() {
        frontEnd.ask(VhostRequest.GET_FEATURES, this::onFeatures);
    }

    private void onFeatures(final long offered) {
        features = config.features(offered);
        if (!Features.has(offered, Features.VIRTIO_F_VERSION_1)
            && !Features.has(offered, Features.VIRTIO_F_ANY_LAYOUT)) {
            refuse("the back-end offers neither VERSION_1 nor ANY_LAYOUT: it is older than this driver can serve");
        } else if (!RingKind.of(features).isSize(config.ringSize())) {
            refuse("the back-end offers no packed rings, and a split ring cannot have " + config.ringSize()
                + " descriptors: give this port a power of two");
        } else if (Features.has(features, Features.VHOST_USER_F_PROTOCOL_FEATURES)) {
            frontEnd.ask(VhostRequest.GET_PROTOCOL_FEATURES, this::onProtocolFeatures);
        } else {
            onQueues(1);
        }
    }

    private void onProtocolFeatures(final long offered) {
        protocol = offered & WANTED_PROTOCOL;
        frontEnd.tell(VhostRequest.SET_PROTOCOL_FEATURES, protocol);
        if (Features.has(protocol, ProtocolFeatures.REPLY_ACK)) {
            frontEnd.requireAcks();
        }
        if (Features.has(protocol, ProtocolFeatures.MQ)) {
            frontEnd.ask(VhostRequest.GET_QUEUE_NUM, this::onQueues);
        } else {
            onQueues(1);
        }
    }

    private void onQueues(final long offered) {
        // An unsigned number of the back-end's: compared, never used to size anything.
        final long most = config.queues() == 1 || Features.has(features, Features.VIRTIO_NET_F_MQ) ? offered : 1;
        if (Long.compareUnsigned(most, config.queues()) < 0) {
            refuse("the back-end serves " + Long.toUnsignedString(most) + " queue pairs, " + config.queues()
                + " are asked for: start it with more or this port with fewer");
            return;
        }
        frontEnd.tell(VhostRequest.SET_OWNER);
        if (Features.has(protocol, ProtocolFeatures.STATUS)) {
            frontEnd.tell(VhostRequest.SET_STATUS, STATUS_DRIVER);
            frontEnd.tell(VhostRequest.SET_FEATURES, features);
            frontEnd.tell(VhostRequest.SET_STATUS, STATUS_DRIVER | STATUS_FEATURES_OK);
            frontEnd.ask(VhostRequest.GET_STATUS, this::onStatus);
        } else {
            frontEnd.tell(VhostRequest.SET_FEATURES, features);
            onFeaturesTaken();
        }
    }

    private void onStatus(final long status) {
        if ((status & STATUS_FEATURES_OK) == 0) {
            refuse("the back-end does not accept features 0x" + Long.toHexString(features));
        } else {
            onFeaturesTaken();
        }
    }

    private void onFeaturesTaken() {
        tellMemory();
        final int rings = config.queues() * QUEUES_PER_PAIR;
        for (int ring = 0; ring < rings; ring++) {
            frontEnd.tell(VhostRequest.SET_VRING_CALL, ring, calls.get(ring));
            frontEnd.tellRing(VhostRequest.SET_VRING_NUM, ring, config.ringSize());
            frontEnd.tellRing(VhostRequest.SET_VRING_BASE, ring,
                RingKind.of(features) == RingKind.PACKED ? PackedRing.FIRST_BASE : 0);
            tellAddresses(ring);
            frontEnd.tell(VhostRequest.SET_VRING_KICK, ring, kicks.get(ring));
        }
        if (Features.has(features, Features.VHOST_USER_F_PROTOCOL_FEATURES)) {
            for (int ring = 0; ring < rings; ring++) {
                frontEnd.tellRing(VhostRequest.SET_VRING_ENABLE, ring, 1);
            }
        }
        if (Features.has(protocol, ProtocolFeatures.STATUS)) {
            frontEnd.tell(VhostRequest.SET_STATUS, STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
        }
        // Messages are processed in order, so this answer says that all of the above has been.
        frontEnd.ask(VhostRequest.GET_FEATURES, offered -> onReady.accept(features));
    }

    private void tellMemory() {
        final ByteBuffer table = FrontEnd.payload(Payload.REGIONS_OFFSET + 2 * Payload.REGION_LENGTH);
        table.putInt(2).putInt(0);
        // Guest address, size, user address, offset in the file.
        table.putLong(memory.poolStart()).putLong(memory.pool().size()).putLong(memory.poolStart()).putLong(0);
        table.putLong(memory.ringsStart()).putLong(memory.ringsBytes()).putLong(memory.ringsStart()).putLong(0);
        frontEnd.tell(VhostRequest.SET_MEM_TABLE, table.flip(), memory.poolFd(), memory.ringsFd());
    }

    private void tellAddresses(final int ring) {
        final long delta = memory.guestDelta();
        final ByteBuffer addresses = FrontEnd.payload(RING_ADDRESS_LENGTH);
        addresses.putInt(ring).putInt(0);
        addresses.putLong(memory.descriptors(ring) + delta);
        addresses.putLong(memory.used(ring) + delta);
        addresses.putLong(memory.avail(ring) + delta);
        addresses.putLong(0);
        frontEnd.tell(VhostRequest.SET_VRING_ADDR, addresses.flip());
    }

    private void refuse(final String sentence) {
        frontEnd.end(SessionEnd.of(new ProtocolViolation(Reason.BAD_VALUE, sentence)));
    }
}

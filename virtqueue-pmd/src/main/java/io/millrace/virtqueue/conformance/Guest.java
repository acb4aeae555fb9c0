/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import io.millrace.linux.Fd;
import io.millrace.linux.Mapping;
import io.millrace.linux.SharedMemory;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A front-end and the guest behind it: one region of memory, a ring to receive from and one to transmit on, and a
 * connection at a time. The usual steps are methods; a scenario leaves out, doubles or bends what it is about.
 */
final class Guest implements AutoCloseable {
    /** The ring that the guest receives from. */
    static final int RX = 0;
    /** The ring on which it transmits. */
    static final int TX = 1;
    static final long GUEST_ADDRESS = 0x10_0000;
    static final long USER_ADDRESS = 0x7f00_0000_0000L;
    /** How long nothing has to happen where nothing may. */
    static final Duration QUIET = Duration.ofMillis(200);

    private static final int RINGS = 2;
    private static final long PROTOCOL = Wire.P_MQ | Wire.P_LOG_SHMFD | Wire.P_REPLY_ACK;

    final Duration patience;
    final Fd memory = SharedMemory.create("conformance", RINGS * Ring.BYTES, false);
    final Mapping mapping = Mapping.map(memory, 0, RINGS * Ring.BYTES, "conformance guest");
    final Ring rx = new Ring(this, RX);
    final Ring tx = new Ring(this, TX);
    private final Path socket;
    private Transcript transcript;
    private long offered;
    private long protocolOffered;
    private long features;

    Guest(final Path socket, final Duration patience) {
        this.socket = socket;
        this.patience = patience;
    }

    /** The connection. */
    Transcript say() {
        return transcript;
    }

    /** Connects, or hangs up and connects again; asks what is offered. */
    Guest connect() {
        hangUp();
        transcript = Transcript.open(socket, patience);
        offered = transcript.ask(Wire.GET_FEATURES);
        return this;
    }

    void hangUp() {
        if (transcript != null) {
            transcript.close();
            transcript = null;
        }
    }

    boolean offers(final long feature) {
        return (offered & feature) == feature;
    }

    long offered() {
        return offered;
    }

    /** Skips the scenario without that feature. */
    void needs(final long feature, final String name) {
        if (!offers(feature)) {
            throw Unmet.skipped("it does not offer " + name);
        }
    }

    /** Skips the scenario without that protocol feature. After {@link #negotiate}. */
    void needsProtocol(final long feature, final String name) {
        if ((protocolOffered & feature) == 0) {
            throw Unmet.skipped("it does not offer " + name);
        }
    }

    /** Takes VERSION_1 and protocol features if they are offered, and {@code more}, which must be. */
    Guest negotiate(final long more) {
        return negotiate(more, 0);
    }

    /** The same with a protocol feature that most scenarios leave alone. */
    Guest negotiate(final long more, final long protocol) {
        final long base = offered & (Wire.VERSION_1 | Wire.PROTOCOL_FEATURES);
        if (offers(Wire.PROTOCOL_FEATURES)) {
            protocolOffered = transcript.ask(Wire.GET_PROTOCOL_FEATURES);
            transcript.send(Wire.SET_PROTOCOL_FEATURES, Wire.u64(protocolOffered & (PROTOCOL | protocol)));
            if ((protocolOffered & Wire.P_REPLY_ACK) != 0) {
                transcript.requireAcks();
            }
        }
        transcript.tell(Wire.SET_OWNER, Wire.payload(0));
        features(base | more);
        return this;
    }

    void features(final long wanted) {
        features = wanted;
        transcript.tell(Wire.SET_FEATURES, Wire.u64(wanted));
    }

    boolean has(final long feature) {
        return (features & feature) == feature;
    }

    /** The bytes of a virtio-net header. */
    int headerLength() {
        return has(Wire.VERSION_1) || has(Wire.MRG_RXBUF) ? 12 : 10;
    }

    Guest shareMemory() {
        final ByteBuffer table = Wire.payload(40).putInt(1).putInt(0)
            .putLong(GUEST_ADDRESS).putLong(RINGS * Ring.BYTES).putLong(USER_ADDRESS).putLong(0).flip();
        transcript.tell(Wire.SET_MEM_TABLE, table, memory);
        return this;
    }

    /** All that a ring needs, but that it is enabled. */
    void start(final Ring ring, final int base) {
        transcript.tell(Wire.SET_VRING_NUM, Wire.state(ring.index, Ring.SIZE));
        transcript.tell(Wire.SET_VRING_BASE, Wire.state(ring.index, base));
        transcript.tell(Wire.SET_VRING_ADDR, ring.addresses(0));
        transcript.tell(Wire.SET_VRING_CALL, Wire.u64(ring.index), ring.call.fd());
        transcript.tell(Wire.SET_VRING_KICK, Wire.u64(ring.index), ring.kick.fd());
    }

    void enable(final Ring ring, final boolean isEnabled) {
        if (has(Wire.PROTOCOL_FEATURES)) {
            transcript.tell(Wire.SET_VRING_ENABLE, Wire.state(ring.index, isEnabled ? 1 : 0));
        }
    }

    /** Connects with the usual features and {@code more}, and starts and enables both rings. */
    Guest up(final long more) {
        connect().negotiate(more).shareMemory();
        startBoth(0, 0);
        return this;
    }

    Guest up() {
        return up(0);
    }

    void startBoth(final int rxBase, final int txBase) {
        start(rx, rxBase);
        start(tx, txBase);
        enable(rx, true);
        enable(tx, true);
    }

    /** Stops a ring and returns what the back-end says it has got to. */
    int stop(final Ring ring) {
        final long answer = transcript.ask(Wire.GET_VRING_BASE, Wire.state(ring.index, 0));
        Unmet.unless((int) answer == ring.index, "GET_VRING_BASE of ring " + ring.index + " is answered for ring "
            + (int) answer);
        return (int) (answer >>> 32);
    }

    /** Skips the scenario if packets do not come back, after one try. Both rings run. */
    Guest needsEcho() {
        rx.postReceive(1);
        rx.publish();
        tx.postPacket(60, 0);
        tx.publish();
        tx.awaitUsed(1);
        if (!rx.isUsedWithin(1, patience)) {
            throw Unmet.skipped("it sends no packet back: run one that echoes");
        }
        rx.takeUsed();
        tx.takeUsed();
        return this;
    }

    @Override
    public void close() {
        hangUp();
        rx.close();
        tx.close();
        mapping.close();
        memory.close();
    }
}

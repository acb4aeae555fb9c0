/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Messages that come otherwise than expected. */
final class MessageScenarios {
    private static final int UNKNOWN = 200;
    private static final long PAUSE_NS = 2_000_000;
    private static final int RING_16_BITS = 0x1_0000;
    private static final int RING_BEYOND = 1000;

    private MessageScenarios() {
    }

    static List<Scenario> all() {
        return List.of(
            new Scenario("takes-a-message-in-pieces", "puts a message together that arrives byte by byte",
                "DPDK 966f89d998", MessageScenarios::takesPieces),
            new Scenario("survives-half-a-message", "serves the next connection after one that ended in a message",
                "DPDK 22.11, blocked control thread", MessageScenarios::survivesHalfAMessage),
            new Scenario("refuses-unknown-requests", "refuses a request that does not exist, or hangs up",
                "vhost-user, REPLY_ACK", MessageScenarios::refusesUnknown),
            new Scenario("refuses-other-rings", "compares the number of a ring before it is cut to 16 bits",
                "rust-vmm/vhost PR#212, CVE-2020-10723", MessageScenarios::refusesOtherRings),
            new Scenario("refuses-ring-size-0", "refuses a split ring of no descriptor, and one of 3",
                "CVE-2017-17381; virtio 1.2, 2.7", MessageScenarios::refusesRingSizes),
            new Scenario("refuses-misaligned-rings", "refuses a ring at an odd address",
                "virtio 1.2, 2.7", MessageScenarios::refusesMisaligned),
            new Scenario("answers-log-base", "answers SET_LOG_BASE if LOG_SHMFD is negotiated",
                "rust-vmm/vhost#217", MessageScenarios::answersLogBase));
    }

    private static void takesPieces(final Guest guest) {
        guest.connect();
        final ByteBuffer message = Wire.message(Wire.GET_FEATURES, 0, Wire.payload(0));
        for (int i = 0; i < message.capacity() - 1; i++) {
            guest.say().raw(Wire.payload(1).put(0, message.get(i)));
            LockSupport.parkNanos(PAUSE_NS);
        }
        guest.say().raw(Wire.payload(1).put(0, message.get(message.capacity() - 1)));
        // The answer to that one, and then to another.
        Unmet.unless(guest.say().hear(Wire.GET_FEATURES) == guest.offered(), "it understands something else");
        guest.say().ask(Wire.GET_FEATURES);
    }

    private static void survivesHalfAMessage(final Guest guest) {
        guest.connect().say().raw(Wire.message(Wire.SET_VRING_NUM, 0, Wire.state(0, Ring.SIZE)).limit(15));
        guest.connect().negotiate(0);
    }

    private static void refusesUnknown(final Guest guest) {
        guest.connect().negotiate(0).needsProtocol(Wire.P_REPLY_ACK, "REPLY_ACK");
        mustNotAccept(guest, UNKNOWN, Wire.payload(0), "a request that does not exist");
    }

    private static void mustNotAccept(final Guest guest, final int request, final ByteBuffer payload,
        final String what) {
        Unmet.unless(guest.say().attempt(request, payload) != Transcript.Reaction.ACCEPTED, "it accepts " + what);
        // Whatever it made of that one, it serves the next.
        guest.connect().negotiate(0);
    }

    private static void refusesOtherRings(final Guest guest) {
        guest.connect().negotiate(0);
        mustNotAccept(guest, Wire.SET_VRING_NUM, Wire.state(RING_BEYOND, Ring.SIZE), "ring " + RING_BEYOND);
        mustNotAccept(guest, Wire.SET_VRING_NUM, Wire.state(RING_16_BITS, Ring.SIZE), "ring 65536");
    }

    private static void refusesRingSizes(final Guest guest) {
        guest.connect().negotiate(0);
        mustNotAccept(guest, Wire.SET_VRING_NUM, Wire.state(0, 0), "a ring of size 0");
        mustNotAccept(guest, Wire.SET_VRING_NUM, Wire.state(0, 3), "a split ring of size 3");
    }

    private static void refusesMisaligned(final Guest guest) {
        guest.connect().negotiate(0).shareMemory();
        guest.say().tell(Wire.SET_VRING_NUM, Wire.state(0, Ring.SIZE));
        mustNotAccept(guest, Wire.SET_VRING_ADDR, guest.rx.addresses(0).putLong(8, Guest.USER_ADDRESS + 1),
            "descriptors at an odd address");
    }

    private static void answersLogBase(final Guest guest) {
        guest.connect().negotiate(0).needsProtocol(Wire.P_LOG_SHMFD, "LOG_SHMFD");
        guest.shareMemory();
        try (DirtyLog log = new DirtyLog()) {
            log.announce(guest);
        }
    }
}

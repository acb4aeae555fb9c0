/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Kicks and calls: those that must not be lost, and those that must not be waited for. */
final class NotifyScenarios {
    private static final int TRIPS = 1000;
    private static final int PAUSES = 50;
    private static final long PAUSE_NS = 3_000_000;

    private NotifyScenarios() {
    }

    static List<Scenario> all() {
        return List.of(
            new Scenario("needs-no-kick-to-begin", "looks at a ring that has just started: its kick came long ago",
                "rust-vmm/vhost PR#375", NotifyScenarios::needsNoKick),
            new Scenario("keeps-a-kick-before-enable", "does not lose a kick that came before the ring was enabled",
                "rust-vmm/vhost#247, PR#343", NotifyScenarios::keepsAKick),
            new Scenario("stays-enabled-by-a-new-kick", "leaves a ring enabled when it is given another kick",
                "rust-vmm/vhost PR#227", NotifyScenarios::staysEnabled),
            new Scenario("calls-a-driver-that-sleeps", "calls for every packet that a driver waits for",
                "virtio 1.2, 2.7.7", guest -> trips(guest.up(), false)),
            new Scenario("loses-no-call-with-event-index", "loses no call and no kick with EVENT_IDX",
                "cloud-hypervisor PR#2179", NotifyScenarios::losesNoCall),
            new Scenario("adopts-a-new-call", "signals the call descriptor that it was given last",
                "vhost-user, SET_VRING_CALL", NotifyScenarios::adoptsCall));
    }

    private static void needsNoKick(final Guest guest) {
        guest.connect().negotiate(0).shareMemory();
        guest.tx.postPacket(60, 0);
        guest.tx.publish();
        guest.startBoth(0, 0);
        guest.tx.awaitUsed(1);
    }

    private static void keepsAKick(final Guest guest) {
        guest.up().needsEcho();
        // Only what the back-end has let go of can be begun anew.
        guest.stop(guest.tx);
        guest.stop(guest.rx);
        guest.rx.reset();
        guest.tx.reset();
        guest.connect().negotiate(0).shareMemory();
        guest.start(guest.rx, 0);
        guest.start(guest.tx, 0);
        guest.rx.postReceive(8);
        guest.rx.publishAndKick(false);
        guest.rx.kick.signal();
        guest.enable(guest.rx, true);
        guest.enable(guest.tx, true);
        guest.tx.postPacket(60, 0);
        guest.tx.publishAndKick(false);
        guest.tx.awaitUsed(1);
        // The buffers to receive in were made available before: there is not one more kick for them.
        guest.rx.awaitUsed(1);
    }

    private static void staysEnabled(final Guest guest) {
        guest.up();
        guest.say().tell(Wire.SET_VRING_KICK, Wire.u64(Guest.TX), guest.tx.kick.fd());
        guest.tx.postPacket(60, 0);
        guest.tx.publishAndKick(false);
        guest.tx.awaitUsed(1);
    }

    private static void losesNoCall(final Guest guest) {
        guest.connect().needs(Wire.EVENT_IDX, "EVENT_IDX");
        trips(guest.up(Wire.EVENT_IDX), true);
    }

    /** One packet at a time, the driver asleep until it is called; now and then long enough for the back-end too. */
    private static void trips(final Guest guest, final boolean hasEventIndex) {
        for (int trip = 0; trip < TRIPS; trip++) {
            guest.tx.wantCall();
            guest.tx.postPacket(60, trip);
            guest.tx.publishAndKick(hasEventIndex);
            while (guest.tx.used() == 0) {
                guest.tx.awaitCall("packet " + trip + " is not called for, "
                    + (guest.tx.used() == 0 ? "nor taken" : "though it was taken"));
            }
            guest.tx.takeUsed();
            if (trip % (TRIPS / PAUSES) == 0) {
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }

    private static void adoptsCall(final Guest guest) {
        guest.up();
        guest.say().tell(Wire.SET_VRING_CALL, Wire.u64(Guest.TX), guest.rx.call.fd());
        guest.rx.call.drain();
        guest.tx.postPacket(60, 0);
        guest.tx.publishAndKick(false);
        guest.tx.awaitUsed(1);
        guest.rx.awaitCall("a packet was taken, and the new descriptor is not signalled");
    }
}

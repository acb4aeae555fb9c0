/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import java.util.List;

/** Packets on split rings, and rings that stop and start again. */
final class RingScenarios {
    private static final int[] LENGTHS = {60, 64, 65, 127, 128, 511, 1024, 1513, 1514};
    private static final int PACKETS = 32;
    private static final int ROUNDS = 40;
    /** Both positions 0, both wrap counters 1. */
    private static final int PACKED_BASE = 0x8000_8000;

    private RingScenarios() {
    }

    static List<Scenario> all() {
        return List.of(
            new Scenario("passes-packets", "passes packets of all sizes on, once, in order, to the last byte",
                "virtio 1.2, 5.1.6", RingScenarios::passesPackets),
            new Scenario("takes-chains", "takes packets from chains of any shape",
                "virtio 1.2, 2.7.4.2; CVE-2022-2132", RingScenarios::takesChains),
            new Scenario("takes-indirect-tables", "takes packets from indirect tables, if it offers INDIRECT_DESC",
                "virtio 1.2, 2.7.5.3", RingScenarios::takesIndirect),
            new Scenario("merges-buffers", "spreads a packet over small buffers, if it offers MRG_RXBUF",
                "virtio 1.2, 5.1.6.4", RingScenarios::merges),
            new Scenario("serves-packed-rings", "takes packets from a packed ring, if it offers RING_PACKED",
                "cloud-hypervisor PR#2833: offered by accident", RingScenarios::servesPacked),
            new Scenario("believes-no-impossible-index", "takes nothing when more is available than the ring holds",
                "rust-vmm 0.6.1; DPDK 22.11 takes 65,535 packets", RingScenarios::believesNoImpossibleIndex),
            new Scenario("stops-where-it-is", "answers GET_VRING_BASE with where it stopped, and leaves the ring alone",
                "rust-vmm/vhost PR#154, #161", RingScenarios::stops),
            new Scenario("goes-on-from-there", "goes on from the base that it is given",
                "rust-vmm/vhost PR#154", RingScenarios::goesOn),
            new Scenario("goes-on-with-packed-rings",
                "says where a packed ring stopped, with its wrap counter, and goes on",
                "vhost-user, vring states", RingScenarios::goesOnPacked),
            new Scenario("begins-with-a-new-driver", "begins at 0 again when a new driver has reset the ring",
                "rust-vmm/vhost PR#180", RingScenarios::beginsAnew),
            new Scenario("serves-who-comes-back", "serves a front-end that comes back, where its rings are",
                "cloud-hypervisor, reconnect", RingScenarios::servesAgain),
            new Scenario("passes-nothing-while-disabled", "passes no packet to a ring that is not enabled",
                "vhost-user, ring states", RingScenarios::passesNothingWhileDisabled),
            new Scenario("logs-each-migration", "marks written pages in the log, in a second migration too",
                "cloud-hypervisor#8918", RingScenarios::logsEachMigration));
    }

    private static void echo(final Guest guest, final int rounds, final int... lengths) {
        for (int round = 0; round < rounds; round++) {
            guest.rx.postReceive(PACKETS);
            guest.rx.publishAndKick(false);
            for (int i = 0; i < PACKETS; i++) {
                guest.tx.postPacket(lengths[(round + i) % lengths.length], i);
            }
            guest.tx.publishAndKick(false);
            guest.rx.awaitUsed(PACKETS);
            for (int i = 0; i < PACKETS; i++) {
                guest.rx.check(lengths[(round + i) % lengths.length], i);
            }
            guest.tx.awaitUsed(PACKETS);
            guest.tx.takeUsed();
        }
    }

    private static void passesPackets(final Guest guest) {
        echo(guest.up().needsEcho(), ROUNDS, LENGTHS);
    }

    /** What was made available comes back, which every back-end shows, and where packets do so too they are right. */
    private static void takesChains(final Guest guest) {
        guest.up().needsEcho();
        final int header = guest.headerLength();
        final int[][] shapes = {{header}, {1, header - 1}, {header + 14}, {header, 14, 1}, {4, 4, 4, 4, 4, 4, 4}};
        int slot = 1;
        for (final int[] shape : shapes) {
            guest.rx.postReceive(1);
            guest.rx.publishAndKick(false);
            guest.tx.postPieces(slot, 300, slot, shape);
            guest.tx.publishAndKick(false);
            guest.rx.awaitUsed(1);
            guest.rx.check(300, slot);
            slot += shape.length + 1;
        }
        guest.tx.awaitUsed(shapes.length);
    }

    private static void takesIndirect(final Guest guest) {
        guest.connect().needs(Wire.INDIRECT_DESC, "INDIRECT_DESC");
        guest.up(Wire.INDIRECT_DESC).needsEcho();
        guest.rx.postReceive(PACKETS);
        guest.rx.publishAndKick(false);
        for (int i = 0; i < PACKETS; i++) {
            guest.tx.postIndirect(i + 1, 700, i);
        }
        guest.tx.publishAndKick(false);
        guest.rx.awaitUsed(PACKETS);
        for (int i = 0; i < PACKETS; i++) {
            guest.rx.check(700, i);
        }
        guest.tx.awaitUsed(PACKETS);
    }

    private static void merges(final Guest guest) {
        guest.connect().needs(Wire.MRG_RXBUF, "MRG_RXBUF");
        guest.up(Wire.MRG_RXBUF).needsEcho();
        for (int i = 0; i < 3; i++) {
            final int slot = 100 + i;
            guest.rx.desc(slot, guest.rx.buffer(slot), 600, Ring.WRITE, 0);
            guest.rx.avail(slot);
        }
        guest.rx.publishAndKick(false);
        guest.tx.postPacket(1514, 7);
        guest.tx.publishAndKick(false);
        guest.rx.awaitUsed(3);
        guest.rx.checkMerged(600, 1514, 7);
    }

    private static void servesPacked(final Guest guest) {
        guest.connect().needs(Wire.RING_PACKED, "RING_PACKED");
        guest.connect().negotiate(Wire.RING_PACKED).shareMemory();
        guest.startBoth(PACKED_BASE, PACKED_BASE);
        sendPacked(guest, 0);
    }

    private static void sendPacked(final Guest guest, final int from) {
        for (int i = from; i < from + PACKETS; i++) {
            guest.tx.postPacked(i);
        }
        guest.tx.kick.signal();
        for (int i = from; i < from + PACKETS; i++) {
            guest.tx.awaitPacked(i);
        }
    }

    private static void goesOnPacked(final Guest guest) {
        servesPacked(guest);
        final int base = guest.stop(guest.tx) & 0xffff;
        Unmet.unless(base == (PACKETS | 0x8000), PACKETS + " packets were taken in the first round, and it says 0x"
            + Integer.toHexString(base));
        guest.stop(guest.rx);
        guest.startBoth(PACKED_BASE, base << 16 | base);
        sendPacked(guest, PACKETS);
    }

    private static void believesNoImpossibleIndex(final Guest guest) {
        guest.up();
        send(guest, 1);
        guest.tx.postPacket(60, 0);
        guest.tx.publishBeyond();
        guest.tx.kick.signal();
        Unmet.unless(!guest.tx.isUsedWithin(2, Guest.QUIET),
            "one packet is there, and it takes " + guest.tx.used());
        guest.connect().negotiate(0);
    }

    private static void stops(final Guest guest) {
        guest.up();
        send(guest, 5);
        final int base = guest.stop(guest.tx);
        Unmet.unless(base == 5, "5 packets were taken, and it says " + base);
        guest.tx.postPacket(60, 5);
        guest.tx.publishAndKick(false);
        guest.tx.kick.signal();
        guest.tx.mustStayQuiet("it takes a packet from a ring that is stopped");
    }

    private static void send(final Guest guest, final int packets) {
        for (int i = 0; i < packets; i++) {
            guest.tx.postPacket(60, i);
        }
        guest.tx.publishAndKick(false);
        guest.tx.awaitUsed(packets);
        guest.tx.takeUsed();
    }

    private static void goesOn(final Guest guest) {
        guest.up();
        send(guest, 5);
        final int txBase = guest.stop(guest.tx);
        final int rxBase = guest.stop(guest.rx);
        guest.startBoth(rxBase, txBase);
        send(guest, 3);
        Unmet.unless(guest.tx.usedIndex() == 8, "8 packets were taken, and the used index is "
            + guest.tx.usedIndex());
    }

    private static void beginsAnew(final Guest guest) {
        guest.up();
        send(guest, 5);
        guest.stop(guest.tx);
        guest.stop(guest.rx);
        guest.tx.reset();
        guest.rx.reset();
        guest.startBoth(0, 0);
        send(guest, 3);
        Unmet.unless(guest.tx.usedIndex() == 3, "3 packets were taken since, and the used index is "
            + guest.tx.usedIndex());
    }

    private static void servesAgain(final Guest guest) {
        guest.up().needsEcho();
        echo(guest, 3, LENGTHS);
        guest.connect().negotiate(0).shareMemory();
        guest.startBoth(guest.rx.usedIndex(), guest.tx.usedIndex());
        echo(guest, 3, LENGTHS);
    }

    private static void passesNothingWhileDisabled(final Guest guest) {
        guest.up().needsEcho();
        if (!guest.has(Wire.PROTOCOL_FEATURES)) {
            throw Unmet.skipped("without protocol features no ring can be disabled");
        }
        guest.rx.postReceive(8);
        guest.rx.publishAndKick(false);
        guest.enable(guest.rx, false);
        guest.tx.postPacket(60, 1);
        guest.tx.publishAndKick(false);
        guest.tx.awaitUsed(1);
        guest.rx.mustStayQuiet("a packet arrives on a ring that is disabled");
    }

    private static void logsEachMigration(final Guest guest) {
        guest.up().needsEcho();
        guest.needs(Wire.LOG_ALL, "LOG_ALL");
        guest.needsProtocol(Wire.P_LOG_SHMFD, "LOG_SHMFD");
        final long usual = guest.offered() & (Wire.VERSION_1 | Wire.PROTOCOL_FEATURES);
        for (int migration = 1; migration <= 2; migration++) {
            try (DirtyLog log = new DirtyLog()) {
                log.announce(guest);
                guest.features(usual | Wire.LOG_ALL);
                final long buffer = guest.rx.buffer(guest.rx.next());
                echo(guest, 1, LENGTHS);
                Unmet.unless(log.takeDirty(buffer), "migration " + migration
                    + ": a packet was written, and its page is not marked in the log");
                guest.features(usual);
                echo(guest, 1, LENGTHS);
            }
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import java.util.List;

/** What a back-end offers, and that it means it. */
final class FeatureScenarios {
    private FeatureScenarios() {
    }

    static List<Scenario> all() {
        return List.of(
            new Scenario("offers-version-1", "offers VERSION_1: a new QEMU gives up without",
                "snabb#1227, #1103", FeatureScenarios::offersVersion1),
            new Scenario("offers-protocol-features", "offers bit 30, PROTOCOL_FEATURES, and says which",
                "snabb PR#1369", FeatureScenarios::offersProtocolFeatures),
            new Scenario("offers-the-same-again", "offers a front-end that comes back what it offered before",
                "snabb PR#934", FeatureScenarios::offersTheSameAgain),
            new Scenario("refuses-what-it-did-not-offer", "does not accept a feature that it did not offer",
                "virtio 1.2, 2.2", FeatureScenarios::refusesOthers),
            new Scenario("acknowledges", "answers each request that asks for it, if REPLY_ACK is negotiated",
                "vhost-user, REPLY_ACK", FeatureScenarios::acknowledges),
            new Scenario("counts-queues", "says how many queues it has, if MQ is negotiated",
                "vhost-user, GET_QUEUE_NUM", FeatureScenarios::countsQueues),
            new Scenario("enables-without-protocol-features",
                "has rings enabled by SET_FEATURES where protocol features are not negotiated",
                "rust-vmm/vhost PR#210", FeatureScenarios::enablesWithoutProtocolFeatures));
    }

    private static void offersVersion1(final Guest guest) {
        Unmet.unless(guest.connect().offers(Wire.VERSION_1), "it offers 0x" + Long.toHexString(guest.offered()));
    }

    private static void offersProtocolFeatures(final Guest guest) {
        Unmet.unless(guest.connect().offers(Wire.PROTOCOL_FEATURES),
            "it offers 0x" + Long.toHexString(guest.offered()));
        guest.say().ask(Wire.GET_PROTOCOL_FEATURES);
    }

    private static void offersTheSameAgain(final Guest guest) {
        final long first = guest.connect().offered();
        guest.negotiate(0).shareMemory();
        final long second = guest.connect().offered();
        Unmet.unless(first == second, "it offers 0x" + Long.toHexString(first) + " and then 0x"
            + Long.toHexString(second));
    }

    private static void refusesOthers(final Guest guest) {
        guest.connect().negotiate(0);
        final long other = Long.highestOneBit(~guest.offered() & (1L << 60) - 1);
        Unmet.unless(guest.say().attempt(Wire.SET_FEATURES, Wire.u64(guest.offered() | other))
            != Transcript.Reaction.ACCEPTED, "it accepts 0x" + Long.toHexString(other) + ", which it does not offer");
    }

    private static void acknowledges(final Guest guest) {
        guest.connect().negotiate(0).needsProtocol(Wire.P_REPLY_ACK, "REPLY_ACK");
        guest.shareMemory().startBoth(0, 0);
    }

    private static void countsQueues(final Guest guest) {
        guest.connect().negotiate(0).needsProtocol(Wire.P_MQ, "MQ");
        final long queues = guest.say().ask(Wire.GET_QUEUE_NUM);
        Unmet.unless(queues >= 1 && queues <= 0x8000, "it says that it has " + queues + " queues");
    }

    private static void enablesWithoutProtocolFeatures(final Guest guest) {
        guest.connect().features(guest.offered() & Wire.VERSION_1);
        guest.shareMemory().startBoth(0, 0);
        guest.tx.postPacket(60, 0);
        guest.tx.publishAndKick(false);
        guest.tx.awaitUsed(1);
    }
}

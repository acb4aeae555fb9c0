/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import java.util.List;

/** Guests behind a virtual IOMMU. */
final class IommuScenarios {
    private static final int PACKETS = 32;
    private static final int LENGTH = 60;

    private IommuScenarios() {
    }

    static List<Scenario> all() {
        return List.of(
            new Scenario("asks-for-addresses", "asks for addresses that an IOMMU translates, if it offers"
                + " ACCESS_PLATFORM", "vhost-user, IOMMU support", IommuScenarios::asks),
            new Scenario("gives-addresses-back", "uses no address any more that it has acknowledged to give back",
                "vhost-user, IOMMU support", IommuScenarios::givesBack));
    }

    private static void send(final Guest guest, final int n) {
        for (int i = 0; i < n; i++) {
            guest.tx.postPacket(LENGTH, i);
        }
        guest.tx.publishAndKick(false);
    }

    private static void passFirst(final Guest guest, final Iommu iommu) {
        iommu.up();
        send(guest, PACKETS);
        iommu.answerUntil(() -> guest.tx.used() == PACKETS, "it does not take packets whose addresses it was told");
    }

    private static void asks(final Guest guest) {
        try (Iommu iommu = new Iommu(guest)) {
            passFirst(guest, iommu);
            Unmet.unless(iommu.asked() > 0, "it takes packets by addresses that nobody translated");
        }
    }

    private static void givesBack(final Guest guest) {
        try (Iommu iommu = new Iommu(guest)) {
            passFirst(guest, iommu);
            guest.tx.takeUsed();
            iommu.takeBackBuffers();
            send(guest, 1);
            guest.tx.mustStayQuiet("it takes a packet by an address that was taken back");
            iommu.answerUntil(() -> guest.tx.used() == 1, "it does not take a packet whose address it was told again");
        }
    }
}

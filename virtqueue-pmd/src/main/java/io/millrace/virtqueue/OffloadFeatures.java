/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;
import io.millrace.Offload;

/**
 * The features of virtio-net by which a driver and a device leave work to each other (virtio 1.2, 5.1.3), as bits of
 * {@link Offload}. <i>Host</i> is what a driver may leave to its device, <i>guest</i> what a device may leave to its
 * driver.
 *
 * <p>UFO is not among them: it means IP fragments, and no current guest sends it.
 */
final class OffloadFeatures {
    /** All bits there are. */
    static final int ALL = Offload.CSUM | Offload.TSO4 | Offload.TSO6 | Offload.ECN | Offload.USO;
    /** The bits of packets that are larger than the MTU. */
    static final int LARGE = ALL & ~Offload.CSUM;

    private static final int[] BITS = {Offload.CSUM, Offload.TSO4, Offload.TSO6, Offload.ECN, Offload.USO};
    private static final long[] HOST = {Features.VIRTIO_NET_F_CSUM, Features.VIRTIO_NET_F_HOST_TSO4,
        Features.VIRTIO_NET_F_HOST_TSO6, Features.VIRTIO_NET_F_HOST_ECN, Features.VIRTIO_NET_F_HOST_USO};
    private static final long[] GUEST = {Features.VIRTIO_NET_F_GUEST_CSUM, Features.VIRTIO_NET_F_GUEST_TSO4,
        Features.VIRTIO_NET_F_GUEST_TSO6, Features.VIRTIO_NET_F_GUEST_ECN,
        Features.VIRTIO_NET_F_GUEST_USO4 | Features.VIRTIO_NET_F_GUEST_USO6};

    private OffloadFeatures() {
    }

    /**
     * Checks what a port is to be opened with.
     *
     * @return {@code bits}.
     * @throws ConfigurationException if there is an unknown bit, or any without {@link Offload#CSUM}.
     */
    static int check(final int bits) {
        if ((bits & ~ALL) != 0 || bits != 0 && (bits & Offload.CSUM) == 0) {
            throw new ConfigurationException("offloads are csum, tso4, tso6, ecn and uso, and all others need csum");
        }
        return bits;
    }

    /** The features of {@code bits} in both directions. */
    static long of(final int bits) {
        return features(bits, HOST) | features(bits, GUEST);
    }

    /** The features by which a driver says that it takes packets with {@code bits}. */
    static long guestFeatures(final int bits) {
        return features(bits, GUEST);
    }

    /** What a driver that accepted {@code features} may leave to its device. */
    static int host(final long features) {
        return bits(features, HOST);
    }

    /** What a device may leave to a driver that accepted {@code features}. */
    static int guest(final long features) {
        return bits(features, GUEST);
    }

    /**
     * Those of {@code features} that a driver may accept together (5.1.3.1): large packets need checksums, ECN large
     * packets.
     */
    static long consistent(final long features) {
        return features & ~of(ALL) | features(host(features), HOST) | features(guest(features), GUEST);
    }

    private static long features(final int bits, final long[] table) {
        long features = 0;
        for (int i = 0; i < BITS.length; i++) {
            features |= (bits & BITS[i]) == 0 ? 0 : table[i];
        }
        return features;
    }

    private static int bits(final long features, final long[] table) {
        int bits = 0;
        for (int i = 0; i < BITS.length; i++) {
            bits |= Features.has(features, table[i]) ? BITS[i] : 0;
        }
        if ((bits & (Offload.TSO4 | Offload.TSO6)) == 0) {
            bits &= ~Offload.ECN;
        }
        return (bits & Offload.CSUM) == 0 ? 0 : bits;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * What a vhost-user port offers to whoever connects. It is the same for every connection of a port: a guest cannot
 * renegotiate when its front-end reconnects.
 *
 * @param queues   pairs of rings.
 * @param mtu      the largest MTU a front-end may set; 0 if the port has no opinion.
 * @param withheld features that are not offered although they could be.
 */
record DeviceOffer(int queues, int mtu, long withheld) {
    /** One queue, no opinion about the MTU, and nothing withheld. */
    static final DeviceOffer DEFAULT = new DeviceOffer(1, 0, 0);
    static final int MIN_MTU = 68;
    static final int MAX_MTU = 65_535;
    /** Memory regions at once, as many as QEMU can make use of. */
    static final int MAX_MEMORY_SLOTS = 509;

    private static final long FEATURES = Features.VIRTIO_F_VERSION_1
        | Features.VIRTIO_F_INDIRECT_DESC
        | Features.VIRTIO_F_EVENT_IDX
        | Features.VIRTIO_F_IN_ORDER
        | Features.VIRTIO_F_RING_PACKED
        // So that a guest may be told to use its DMA API. QEMU accepts it only for a device behind a virtual IOMMU.
        | Features.VIRTIO_F_ACCESS_PLATFORM
        | Features.VHOST_F_LOG_ALL
        | Features.VIRTIO_F_ANY_LAYOUT
        | Features.VIRTIO_NET_F_MRG_RXBUF
        | Features.VIRTIO_NET_F_MQ
        // Served by QEMU and virtio-user themselves, which still ask whether the device has them.
        | Features.VIRTIO_NET_F_CTRL_VQ
        | Features.VIRTIO_NET_F_CTRL_RX
        | Features.VIRTIO_NET_F_GUEST_ANNOUNCE
        // Not CTRL_GUEST_OFFLOADS: QEMU answers such commands itself and does not tell what the guest no longer takes.
        | OffloadFeatures.of(OffloadFeatures.ALL)
        | Features.VHOST_USER_F_PROTOCOL_FEATURES;

    private static final long PROTOCOL_FEATURES = ProtocolFeatures.MQ
        | ProtocolFeatures.LOG_SHMFD
        | ProtocolFeatures.RARP
        | ProtocolFeatures.REPLY_ACK
        | ProtocolFeatures.NET_MTU
        | ProtocolFeatures.BACKEND_REQ
        | ProtocolFeatures.RESET_DEVICE
        | ProtocolFeatures.CONFIGURE_MEM_SLOTS
        | ProtocolFeatures.STATUS;

    /** What GET_FEATURES answers. */
    long features() {
        return (mtu == 0 ? FEATURES : FEATURES | Features.VIRTIO_NET_F_MTU) & ~withheld;
    }

    /** The same offer with or without some features. */
    DeviceOffer with(final long features, final boolean isOffered) {
        return new DeviceOffer(queues, mtu, isOffered ? withheld & ~features : withheld | features);
    }

    /** The same offer with these offloads, bits of {@link io.millrace.Offload}, and no others. */
    DeviceOffer offloads(final int bits) {
        return with(OffloadFeatures.of(OffloadFeatures.ALL), false).with(OffloadFeatures.of(bits), true);
    }

    /** What packets of a guest may leave to be done. */
    int rxOffloads() {
        return OffloadFeatures.host(features());
    }

    /** What GET_PROTOCOL_FEATURES answers. */
    long protocolFeatures() {
        return PROTOCOL_FEATURES;
    }

    /** How many rings that is. */
    int rings() {
        return 2 * queues;
    }

    /** Whether a front-end may set that MTU. */
    boolean allowsMtu(final long value) {
        return value >= MIN_MTU && value <= (mtu == 0 ? MAX_MTU : mtu);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/** Virtio feature bits (virtio 1.2, 5.1.3 and 6), as GET_FEATURES and SET_FEATURES carry them, by their spec names. */
final class Features {
    static final long VIRTIO_NET_F_CSUM = 1L;
    static final long VIRTIO_NET_F_GUEST_CSUM = 1L << 1;
    static final long VIRTIO_NET_F_MTU = 1L << 3;
    static final long VIRTIO_NET_F_MAC = 1L << 5;
    static final long VIRTIO_NET_F_GUEST_TSO4 = 1L << 7;
    static final long VIRTIO_NET_F_GUEST_TSO6 = 1L << 8;
    static final long VIRTIO_NET_F_GUEST_ECN = 1L << 9;
    static final long VIRTIO_NET_F_GUEST_UFO = 1L << 10;
    static final long VIRTIO_NET_F_HOST_TSO4 = 1L << 11;
    static final long VIRTIO_NET_F_HOST_TSO6 = 1L << 12;
    static final long VIRTIO_NET_F_HOST_ECN = 1L << 13;
    static final long VIRTIO_NET_F_HOST_UFO = 1L << 14;
    static final long VIRTIO_NET_F_MRG_RXBUF = 1L << 15;
    static final long VIRTIO_NET_F_STATUS = 1L << 16;
    static final long VIRTIO_NET_F_CTRL_VQ = 1L << 17;
    static final long VIRTIO_NET_F_CTRL_RX = 1L << 18;
    static final long VIRTIO_NET_F_GUEST_ANNOUNCE = 1L << 21;
    static final long VIRTIO_NET_F_MQ = 1L << 22;
    static final long VIRTIO_F_NOTIFY_ON_EMPTY = 1L << 24;
    static final long VHOST_F_LOG_ALL = 1L << 26;
    static final long VIRTIO_F_ANY_LAYOUT = 1L << 27;
    static final long VIRTIO_F_INDIRECT_DESC = 1L << 28;
    static final long VIRTIO_F_EVENT_IDX = 1L << 29;
    /** Not a feature of the device: it says that the two sides of the socket talk about {@link ProtocolFeatures}. */
    static final long VHOST_USER_F_PROTOCOL_FEATURES = 1L << 30;
    static final long VIRTIO_F_VERSION_1 = 1L << 32;
    static final long VIRTIO_F_ACCESS_PLATFORM = 1L << 33;
    static final long VIRTIO_F_RING_PACKED = 1L << 34;
    static final long VIRTIO_F_IN_ORDER = 1L << 35;
    static final long VIRTIO_NET_F_GUEST_USO4 = 1L << 54;
    static final long VIRTIO_NET_F_GUEST_USO6 = 1L << 55;
    static final long VIRTIO_NET_F_HOST_USO = 1L << 56;

    private Features() {
    }

    /** Whether all bits of {@code feature} are set. */
    static boolean has(final long features, final long feature) {
        return (features & feature) == feature;
    }
}

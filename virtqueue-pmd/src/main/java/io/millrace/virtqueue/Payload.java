/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/** The sizes of payload that a request may have. Sizes are those of the C structures, padding included. */
enum Payload {
    /** No payload. */
    NONE("0"),
    /** One number of 64 bits. */
    U64("8"),
    /** A ring's index and one number, 32 bits each. */
    VRING_STATE("8"),
    /** A ring's index, flags, and four addresses. */
    VRING_ADDR("40"),
    /** A count, padding, and that many regions, 1 to {@link #MAX_REGIONS}. */
    MEM_TABLE("8 + 32 for each of 1 to 8 regions"),
    /** Padding and one region. */
    MEM_REGION("40"),
    /** Size and offset of a dirty log. */
    LOG("16"),
    /** One entry of the IOTLB, with or without the padding at its end. */
    IOTLB("26 or 32"),
    /** Size, offset and rings of an inflight region, with or without the padding at its end. */
    INFLIGHT("20 or 24"),
    /** Offset, size and flags, and that many bytes of device configuration. */
    CONFIG("12 and the size in it, at most 256"),
    /** Requests that this project never serves. */
    ANY("anything");

    /** The most regions that one SET_MEM_TABLE carries. */
    static final int MAX_REGIONS = 8;
    /** The bytes of one region: guest address, size, user address, offset in the file. */
    static final int REGION_LENGTH = 32;
    /** Where the regions start. */
    static final int REGIONS_OFFSET = 8;

    private static final int CONFIG_HEADER_LENGTH = 12;
    private static final int CONFIG_SIZE_OFFSET = 4;
    private static final int MAX_CONFIG = 256;

    private final String expected;

    Payload(final String expected) {
        this.expected = expected;
    }

    /** The allowed sizes in words. */
    String expected() {
        return expected;
    }

    /** Whether the payload of {@code message} has an allowed size. Counts inside it are checked against it. */
    boolean allows(final Message message) {
        final int size = message.size();
        return switch (this) {
            case NONE -> size == 0;
            case U64, VRING_STATE -> size == 8;
            case VRING_ADDR, MEM_REGION -> size == 40;
            case LOG -> size == 16;
            case IOTLB -> size == 26 || size == 32;
            case INFLIGHT -> size == 20 || size == 24;
            case MEM_TABLE -> size >= REGIONS_OFFSET && isTable(message.u32(0), size);
            case CONFIG -> size >= CONFIG_HEADER_LENGTH && isConfig(message.u32(CONFIG_SIZE_OFFSET), size);
            case ANY -> true;
        };
    }

    private static boolean isTable(final long regions, final int size) {
        return regions >= 1 && regions <= MAX_REGIONS && size == REGIONS_OFFSET + regions * REGION_LENGTH;
    }

    private static boolean isConfig(final long bytes, final int size) {
        return bytes <= MAX_CONFIG && size == CONFIG_HEADER_LENGTH + bytes;
    }
}

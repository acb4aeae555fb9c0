/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixSocket;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * A virtual IOMMU between a guest and the back-end. It leads every address to where it leads without one, but only
 * tells a page of it when it is asked to, and takes it back when the scenario says so.
 */
final class Iommu implements AutoCloseable {
    private static final int MISS = 1;
    private static final int UPDATE = 2;
    private static final int INVALIDATE = 3;
    private static final int READ_WRITE = 3;
    private static final long PAGE = 4096;
    private static final int PAYLOAD = 32;
    private static final int PERMISSION_OFFSET = 24;
    private static final int TYPE_OFFSET = 25;
    private static final Duration PAUSE = Duration.ofMillis(1);

    private final Guest guest;
    private final UnixSocket[] channel = UnixSocket.pair();
    private final ByteBuffer in = ByteBuffer.allocateDirect(Wire.HEADER_LENGTH + PAYLOAD)
        .order(ByteOrder.LITTLE_ENDIAN);
    private int asked;

    Iommu(final Guest guest) {
        this.guest = guest;
    }

    /** Connects the guest, behind this, and starts both rings. */
    void up() {
        guest.connect();
        guest.needs(Wire.ACCESS_PLATFORM, "ACCESS_PLATFORM");
        guest.negotiate(Wire.ACCESS_PLATFORM, Wire.P_BACKEND_REQ);
        guest.needsProtocol(Wire.P_BACKEND_REQ, "BACKEND_REQ");
        guest.say().tell(Wire.SET_BACKEND_REQ_FD, Wire.payload(0), channel[1].fd());
        guest.shareMemory();
        guest.startBoth(0, 0);
    }

    /** How many addresses the back-end has asked for. */
    int asked() {
        return asked;
    }

    /** Answers what is asked until {@code isDone}; fails if that takes too long. */
    void answerUntil(final BooleanSupplier isDone, final String why) {
        final long start = System.nanoTime();
        while (!isDone.getAsBoolean()) {
            Unmet.unless(System.nanoTime() - start < guest.patience.toNanos(), why);
            while (hasQuestion()) {
                answer();
            }
            guest.tx.isUsedWithin(Integer.MAX_VALUE, PAUSE);
        }
    }

    private boolean hasQuestion() {
        try (ReceivedFds fds = new ReceivedFds()) {
            while (in.hasRemaining()) {
                if (channel[0].receive(in, fds) <= 0) {
                    return false;
                }
            }
        }
        return true;
    }

    private void answer() {
        in.flip();
        final long iova = in.getLong(Wire.HEADER_LENGTH);
        Unmet.unless(in.getInt(0) == Wire.BACKEND_IOTLB_MSG && in.getInt(8) == PAYLOAD
            && in.get(Wire.HEADER_LENGTH + TYPE_OFFSET) == MISS, "it asks by message " + in.getInt(0) + " of "
                + in.getInt(8) + " bytes, of type " + in.get(Wire.HEADER_LENGTH + TYPE_OFFSET));
        in.clear();
        asked++;
        final long page = iova & -PAGE;
        final long user = page >= Guest.USER_ADDRESS ? page : page - Guest.GUEST_ADDRESS + Guest.USER_ADDRESS;
        guest.say().tell(Wire.IOTLB_MSG, message(page, PAGE, UPDATE).putLong(16, user)
            .put(PERMISSION_OFFSET, (byte) READ_WRITE));
    }

    private static ByteBuffer message(final long iova, final long size, final int type) {
        return Wire.payload(PAYLOAD).putLong(0, iova).putLong(8, size).put(TYPE_OFFSET, (byte) type);
    }

    /** Takes all addresses of buffers back. When this returns, the back-end has acknowledged that. */
    void takeBackBuffers() {
        guest.say().tell(Wire.IOTLB_MSG, message(Guest.GUEST_ADDRESS, 2 * Ring.BYTES, INVALIDATE));
    }

    @Override
    public void close() {
        channel[0].close();
        channel[1].close();
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.EventFd;
import io.millrace.linux.Fd;
import io.millrace.virtqueue.ProtocolViolation.Reason;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

/** The table against the sizes of the C structures in QEMU, for every request, payload size and number of fds. */
class VhostRequestTest {
    private static final int MAX_SIZE = 300;
    private static final int MAX_FDS = 9;
    private static final Map<VhostRequest, Set<Integer>> SIZES = new EnumMap<>(VhostRequest.class);
    private static final Set<VhostRequest> ONE_FD = Set.of(VhostRequest.SET_LOG_BASE, VhostRequest.SET_LOG_FD,
        VhostRequest.SET_BACKEND_REQ_FD, VhostRequest.SET_INFLIGHT_FD, VhostRequest.GPU_SET_SOCKET,
        VhostRequest.ADD_MEM_REG, VhostRequest.SET_DEVICE_STATE_FD);

    static {
        for (final VhostRequest request : VhostRequest.values()) {
            SIZES.put(request, Set.of(0));
        }
        for (final VhostRequest request : new VhostRequest[] {
            VhostRequest.SET_FEATURES, VhostRequest.SET_VRING_NUM, VhostRequest.SET_VRING_BASE,
            VhostRequest.GET_VRING_BASE, VhostRequest.SET_VRING_KICK, VhostRequest.SET_VRING_CALL,
            VhostRequest.SET_VRING_ERR, VhostRequest.SET_PROTOCOL_FEATURES, VhostRequest.SET_VRING_ENABLE,
            VhostRequest.SEND_RARP, VhostRequest.NET_SET_MTU, VhostRequest.SET_VRING_ENDIAN, VhostRequest.VRING_KICK,
            VhostRequest.SET_STATUS, VhostRequest.SET_DEVICE_STATE_FD
        }) {
            SIZES.put(request, Set.of(8));
        }
        SIZES.put(VhostRequest.SET_VRING_ADDR, Set.of(40));
        SIZES.put(VhostRequest.ADD_MEM_REG, Set.of(40));
        SIZES.put(VhostRequest.REM_MEM_REG, Set.of(40));
        SIZES.put(VhostRequest.SET_LOG_BASE, Set.of(16));
        SIZES.put(VhostRequest.IOTLB_MSG, Set.of(26, 32));
        SIZES.put(VhostRequest.GET_INFLIGHT_FD, Set.of(20, 24));
        SIZES.put(VhostRequest.SET_INFLIGHT_FD, Set.of(20, 24));
        SIZES.put(VhostRequest.SET_MEM_TABLE, Set.of(40));
        SIZES.put(VhostRequest.GET_CONFIG, Set.of(13));
        SIZES.put(VhostRequest.SET_CONFIG, Set.of(13));
    }

    @Test
    void shouldFindEveryRequestByItsIdAndNothingElse() {
        for (final VhostRequest request : VhostRequest.values()) {
            assertSame(request, VhostRequest.of(request.id()));
        }
        for (final int id : new int[] {0, -1, 45, 46, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            assertNull(VhostRequest.of(id));
        }
        assertEquals(44, VhostRequest.values().length);
    }

    @Test
    void shouldAllowExactlyTheRightSizesAndDescriptors() {
        try (EventFd eventFd = EventFd.create()) {
            for (final VhostRequest request : VhostRequest.values()) {
                final boolean isNeverServed = request.name().matches("C.*_CRYPTO_SESSION|GPU.*|GET_SHARED_OBJECT");
                for (int size = 0; size <= MAX_SIZE && !isNeverServed; size++) {
                    for (int fds = 0; fds <= MAX_FDS; fds++) {
                        final boolean isSize = SIZES.get(request).contains(size);
                        final Reason expected = !isSize ? Reason.BAD_SIZE
                            : fds == fds(request) || request == VhostRequest.REM_MEM_REG && fds == 0 ? null
                            : Reason.BAD_FDS;
                        assertEquals(expected, judge(request, size, fds, eventFd), request + " " + size + " " + fds);
                    }
                }
            }
        }
    }

    /** How many the message of {@link #judge} needs. */
    private static int fds(final VhostRequest request) {
        return switch (request) {
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR, SET_MEM_TABLE, REM_MEM_REG -> 1;
            default -> ONE_FD.contains(request) ? 1 : 0;
        };
    }

    /** Counts inside the payload are 1: one region, one byte of configuration, ring 1. */
    private static Reason judge(final VhostRequest request, final int size, final int fds, final EventFd eventFd) {
        final ByteBuffer payload = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        if (size >= 8) {
            payload.putInt(0, 1);
            payload.putInt(4, request == VhostRequest.GET_CONFIG || request == VhostRequest.SET_CONFIG ? 1 : 0);
        }
        return check(request, payload, fds, eventFd);
    }

    private static Reason check(final VhostRequest request, final ByteBuffer payload, final int fds,
        final EventFd eventFd) {
        final Fd[] received = new Fd[fds];
        for (int i = 0; i < fds; i++) {
            received[i] = eventFd.fd().duplicate();
        }
        try (Message message = new Message(request.id(), Message.VERSION, payload, received)) {
            request.check(message);
            return null;
        } catch (final ProtocolViolation e) {
            assertFalse(e.getMessage().isEmpty());
            return e.reason();
        }
    }

    @Test
    void shouldTieTheSizeOfAMemoryTableToItsCount() {
        try (EventFd eventFd = EventFd.create()) {
            for (final int count : new int[] {0, 1, 2, 8, 9, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                for (int regions = 0; regions <= 9; regions++) {
                    final ByteBuffer payload = RawFrontEnd.payload(8 + 32 * regions).putInt(0, count);
                    final boolean isRight = count == regions && count >= 1 && count <= 8;
                    assertEquals(isRight ? null : Reason.BAD_SIZE,
                        check(VhostRequest.SET_MEM_TABLE, payload, Math.max(0, Math.min(count, 9)), eventFd));
                    assertEquals(isRight ? Reason.BAD_FDS : Reason.BAD_SIZE,
                        check(VhostRequest.SET_MEM_TABLE, payload, Math.max(0, Math.min(count, 9)) + 1, eventFd));
                }
            }
        }
    }

    @Test
    void shouldWantNoDescriptorWhereBitEightSaysSo() {
        try (EventFd eventFd = EventFd.create()) {
            final ByteBuffer none = RawFrontEnd.u64(0x101);
            assertNull(check(VhostRequest.SET_VRING_KICK, none, 0, eventFd));
            assertEquals(Reason.BAD_FDS, check(VhostRequest.SET_VRING_KICK, none, 1, eventFd));
        }
    }

    @Test
    void shouldTieTheSizeOfAConfigurationToItsCount() {
        try (EventFd eventFd = EventFd.create()) {
            for (final int count : new int[] {-1, 0, 12, 256, 257, Integer.MAX_VALUE}) {
                final ByteBuffer payload = RawFrontEnd.payload(12 + Math.max(0, Math.min(count, 300))).putInt(4, count);
                assertEquals(count >= 0 && count <= 256 ? null : Reason.BAD_SIZE,
                    check(VhostRequest.GET_CONFIG, payload, 0, eventFd));
            }
        }
    }
}

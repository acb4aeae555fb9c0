/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a driver makes of whatever a back-end writes into its packed ring. */
class PackedDriverRingTest {
    private static final int SIZE = 5;
    private static final long PACKED = Features.VIRTIO_F_VERSION_1 | Features.VIRTIO_F_RING_PACKED;
    private static final int BOTH = PackedRing.AVAIL | PackedRing.USED;

    private final FramePool pool = FramePool.create(64, 0);
    private final FrameCache frames = pool.cache("test");
    private final DriverMemory memory = new DriverMemory(pool, 1, SIZE, "test");
    private DriverRing ring = ring(0);

    @AfterEach
    void everythingIsGivenBack() {
        ring.reclaim(frames);
        frames.close();
        assertEquals(64, pool.free());
        memory.close();
        pool.close();
    }

    private DriverRing ring(final long features) {
        return DriverRing.of(memory, 0, SIZE, PACKED | features, -1, null);
    }

    private void post(final int buffers) {
        for (int i = 0; i < buffers; i++) {
            final int offset = frames.allocate();
            ring.post(offset, offset, 100 + i, 0);
        }
        ring.publish();
    }

    private void use(final int position, final int id, final int length, final int flags) {
        final long at = memory.descriptors(0) + 16L * position;
        UnsafeApi.putInt(at + 8, length);
        UnsafeApi.putIntRelease(null, at + 12, id | flags << 16);
    }

    private void take() {
        frames.free((int) ring.takeUsed());
    }

    @Test
    void shouldShowWhatIsPostedWithItsWrapCounter() {
        for (int n = 0; n < 12; n++) {
            post(1);
            final long at = memory.descriptors(0) + 16L * (n % SIZE);
            final int flags = UnsafeApi.getShort(at + 14) & BOTH;
            assertEquals(n / SIZE % 2 == 0 ? PackedRing.AVAIL : PackedRing.USED, flags, "descriptor " + n);
            assertEquals(0, ring.used());
            use(n % SIZE, UnsafeApi.getShort(at + 12), n, n / SIZE % 2 == 0 ? BOTH : 0);
            assertEquals(1, ring.used());
            assertEquals(1, ring.used());
            final long taken = ring.takeUsed();
            assertEquals(n, taken >>> 32);
            frames.free((int) taken);
        }
    }

    @Test
    void shouldTakeBuffersBackInAnyOrder() {
        post(3);
        use(0, 2, 0, BOTH);
        use(1, 0, 0, BOTH);
        assertEquals(2, ring.used());
        take();
        take();
        assertEquals(1, ring.inFlight());
        assertNull(ring.fault());
    }

    @Test
    void shouldRefuseAnIdBeyondTheRing() {
        for (final int id : new int[] {SIZE, 0x7fff, 0xffff}) {
            ring = ring(0);
            post(1);
            use(0, id, 0, BOTH);
            assertEquals(DriverRing.NONE, ring.used());
            assertEquals(BackEndFault.USED_ID_RANGE, ring.fault());
            ring.reclaim(frames);
        }
    }

    @Test
    void shouldRefuseAnIdThatComesBackTwiceOrWasNeverSent() {
        post(3);
        use(0, 1, 0, BOTH);
        use(1, 1, 0, BOTH);
        assertEquals(2, ring.used());
        take();
        assertEquals(DriverRing.NONE, (int) ring.takeUsed());
        assertEquals(BackEndFault.USED_ID_IDLE, ring.fault());
        ring.reclaim(frames);
        ring = ring(0);
        post(1);
        use(0, 4, 0, BOTH);
        assertEquals(1, ring.used());
        assertEquals(DriverRing.NONE, (int) ring.takeUsed());
        assertEquals(BackEndFault.USED_ID_IDLE, ring.fault());
    }

    @Test
    void shouldNotTakeMoreThanIsInFlight() {
        post(2);
        for (int i = 0; i < SIZE; i++) {
            use(i, i, 0, BOTH);
        }
        assertEquals(2, ring.used());
        take();
        take();
        assertEquals(0, ring.used());
    }

    @Test
    void shouldKeepWhatWasReadOnce() {
        post(1);
        use(0, 0, 77, BOTH);
        assertEquals(1, ring.used());
        use(0, 0xffff, -1, BOTH);
        final long taken = ring.takeUsed();
        assertEquals(77, taken >>> 32);
        frames.free((int) taken);
    }

    @Test
    void shouldTakeABatchInOrder() {
        ring = ring(Features.VIRTIO_F_IN_ORDER);
        post(4);
        use(0, 2, 0, BOTH);
        assertEquals(3, ring.used());
        for (int i = 0; i < 3; i++) {
            take();
        }
        use(3, 3, 0, BOTH);
        assertEquals(1, ring.used());
        take();
        post(4);
        // From the last place on, over the end of the ring.
        use(4, 2, 0, BOTH);
        assertEquals(4, ring.used());
        for (int i = 0; i < 4; i++) {
            take();
        }
        assertNull(ring.fault());
    }

    @Test
    void shouldRefuseABatchThatIsNotInFlight() {
        ring = ring(Features.VIRTIO_F_IN_ORDER);
        post(2);
        use(0, 3, 0, BOTH);
        assertEquals(DriverRing.NONE, ring.used());
        assertEquals(BackEndFault.USED_ORDER, ring.fault());
    }

    @Test
    void shouldKickAsTheBackEndWishes() {
        ring = ring(Features.VIRTIO_F_EVENT_IDX);
        assertFalse(ring.publish(), "nothing was posted");
        assertFalse(isKicked(PackedRing.EVENT_DISABLE, 0));
        assertTrue(isKicked(PackedRing.EVENT_ENABLE, 0));
        assertFalse(isKicked(PackedRing.EVENT_DESC, 3 | PackedRing.WRAP));
        assertTrue(isKicked(PackedRing.EVENT_DESC, 3 | PackedRing.WRAP));
        assertFalse(isKicked(PackedRing.EVENT_DESC, 4), "that is the next way round");
    }

    private boolean isKicked(final int flags, final int event) {
        UnsafeApi.putInt(memory.used(0), event | flags << 16);
        final int offset = frames.allocate();
        ring.post(offset, offset, 100, 0);
        return ring.publish();
    }

    /** Whatever stands in the ring: no exception, and every frame comes back once. */
    @Test
    void shouldSurviveAnything() {
        final Random random = new Random(7);
        for (int round = 0; round < 20_000; round++) {
            if (ring.fault() != null) {
                ring.reclaim(frames);
                ring = ring(random.nextInt(2) * Features.VIRTIO_F_IN_ORDER);
            }
            post(random.nextInt(ring.free() + 1));
            for (int i = 0; i < SIZE; i++) {
                use(i, random.nextInt(20) == 0 ? random.nextInt(1 << 16) : random.nextInt(SIZE), random.nextInt(),
                    random.nextBoolean() ? BOTH : random.nextBoolean() ? 0 : random.nextInt(1 << 16));
            }
            ring.reap(frames, 3);
            if (ring.fault() == null) {
                assertEquals(64, pool.free() + ring.inFlight());
            }
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Packets between the bursts of two caches; each test has to bring every frame back. */
class ParcelTest {
    private final FramePool pool = FramePool.create(256, 0);
    private final FrameCache senders = pool.cache("sender");
    private final FrameCache receivers = pool.cache("receiver");
    private final Burst from = new Burst(senders, 8);
    private final Burst to = new Burst(receivers, 8);
    private final Parcel parcel = new Parcel(4);

    @AfterEach
    void everyFrameIsBack() {
        from.freeAll();
        to.freeAll();
        pool.close();
    }

    private static void add(final Burst burst, final int... lengths) {
        for (final int length : lengths) {
            burst.add(burst.frames().allocate(), length, length);
        }
    }

    private static void assertLengths(final Burst actual, final int... lengths) {
        assertEquals(lengths.length, actual.size());
        for (int i = 0; i < lengths.length; i++) {
            assertEquals(lengths[i], actual.length(i));
            assertEquals(lengths[i], actual.port(i));
        }
    }

    @Test
    void shouldTakeWhatItHasRoomForFromTheFront() {
        add(from, 60, 61, 62, 63, 64, 65);
        assertEquals(4, parcel.load(from, 8));
        assertEquals(4, parcel.size());
        assertLengths(from, 64, 65);
        parcel.unload(to);
        assertEquals(0, parcel.size());
        assertLengths(to, 60, 61, 62, 63);
    }

    @Test
    void shouldTakeNoMoreThanIsAsked() {
        add(from, 60, 61, 62);
        assertEquals(2, parcel.load(from, 2));
        assertLengths(from, 62);
        parcel.unload(to);
        assertLengths(to, 60, 61);
    }

    @Test
    void shouldAddBehindWhatIsThere() {
        add(to, 60, 61, 62, 63, 64, 65);
        to.free(0);
        to.free(1);
        to.takeFront(2);
        add(from, 70, 71, 72, 73);
        parcel.load(from, 4);
        parcel.unload(to);
        assertLengths(to, 62, 63, 64, 65, 70, 71, 72, 73);
    }

    @Test
    void shouldKeepWorkThatTheSenderLeftToBeDone() {
        add(from, 100);
        assertTrue(from.offload(0, 34, 6, Offload.GSO_NONE, 0, 0));
        parcel.load(from, 4);
        parcel.unload(to);
        assertTrue(to.needsChecksum(0));
        assertEquals(34, to.checksumStart(0));
    }

    @Test
    void shouldNotBeLoadedTwice() {
        add(from, 60, 61, 62, 63, 64);
        parcel.load(from, 1);
        assertThrows(AssertionError.class, () -> parcel.load(from, 1));
        parcel.unload(to);
    }

    @Test
    void shouldRefuseABurstWithGaps() {
        add(from, 60, 61);
        from.free(0);
        assertThrows(AssertionError.class, () -> parcel.load(from, 2));
    }

    @Test
    void shouldFreeToTheReceiver() {
        add(from, 60, 61, 62);
        parcel.load(from, 3);
        parcel.unload(to);
        final int before = receivers.size();
        assertEquals(3, to.freeAll());
        assertEquals(before + 3, receivers.size());
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SlotTest {
    private final Slot<Object> slot = new Slot<>();
    private final Object thing = new Object();

    @Test
    void shouldHaveNothingAtFirst() {
        assertNull(slot.attend());
        assertFalse(slot.isHeld());
        assertFalse(slot.isOccupied());
        assertTrue(slot.recall());
    }

    @Test
    void shouldHandOverWhatWasOffered() {
        slot.offer(thing);
        assertTrue(slot.isOccupied());
        assertFalse(slot.isHeld());
        assertSame(thing, slot.attend());
        assertTrue(slot.isHeld());
    }

    @Test
    void shouldTakeBackAtOnceWhatNobodyAdopted() {
        slot.offer(thing);
        assertTrue(slot.recall());
        assertNull(slot.attend());
    }

    @Test
    void shouldTakeBackWhatIsHeldAtTheNextPoll() {
        slot.offer(thing);
        slot.attend();
        assertFalse(slot.recall());
        assertFalse(slot.recall(), "the worker has not polled yet");
        assertFalse(slot.isHeld());
        assertFalse(slot.isOccupied());
        assertNull(slot.attend());
        assertTrue(slot.recall());
    }

    @Test
    void shouldLeaveItToTheNextWorker() {
        slot.offer(thing);
        slot.attend();
        slot.release();
        assertFalse(slot.isHeld());
        assertSame(thing, slot.attend());
    }

    @Test
    void shouldGiveBackWhatWasRecalledWhenTheWorkerStops() {
        slot.offer(thing);
        slot.attend();
        slot.recall();
        slot.release();
        assertTrue(slot.recall());
    }

    @Test
    void shouldNotBringBackAnythingByAReleaseOfNothing() {
        slot.release();
        assertNull(slot.attend());
    }

    @Test
    void shouldRefuseASecondOffer() {
        slot.offer(thing);
        assertThrows(IllegalStateException.class, () -> slot.offer(thing));
    }

    @Test
    void shouldBeVacantAfterASeizure() {
        slot.offer(thing);
        slot.attend();
        slot.seize();
        slot.offer(thing);
        assertSame(thing, slot.attend());
    }

    /** Two threads, as they really are: what one wrote before handing over, the other sees, and never both use it. */
    @Test
    @Timeout(60)
    void shouldNeverHaveTwoUsers() throws InterruptedException {
        final int rounds = 100_000;
        final int[] box = new int[1];
        final Slot<int[]> shared = new Slot<>();
        final Thread worker = new Thread(() -> {
            int[] mine = null;
            int adopted = 0;
            while (adopted < rounds) {
                if (mine == null || !shared.isHeld()) {
                    mine = shared.attend();
                    adopted += mine == null ? 0 : 1;
                }
                if (mine != null) {
                    mine[0]++;
                }
            }
            shared.release();
        });
        worker.start();
        for (int i = 0; i < rounds; i++) {
            box[0] = 0;
            shared.offer(box);
            while (shared.isOccupied() && !shared.isHeld()) {
                Thread.onSpinWait();
            }
            while (!shared.recall()) {
                Thread.onSpinWait();
            }
            final int seen = box[0];
            Thread.onSpinWait();
            assertEquals(seen, box[0], "written after it was given back");
        }
        worker.join();
    }
}

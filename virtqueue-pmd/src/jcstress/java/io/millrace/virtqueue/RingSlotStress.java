/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.EventFd;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

/**
 * A {@link RingSlot} between the control loop and a worker: once the control loop has the ring back, no worker touches
 * it, and all that one did is there. The ring is never filled; how far it came is its plain field, so that only the
 * slot orders what both do to it.
 */
public class RingSlotStress {
    // All rings in the same memory: what a guest sees of them does not matter here.
    private static final SplitGuest GUEST = new SplitGuest(8);
    private static final EventFd CALL = EventFd.create();

    private static RingSlot offered() {
        final RingSlot slot = new RingSlot();
        slot.offer(GUEST.setup(Features.VIRTIO_F_VERSION_1));
        return slot;
    }

    private static RingSlot attached() {
        final RingSlot slot = offered();
        slot.poll();
        return slot;
    }

    /** Takes the ring back if that is possible now: 0 or 1 say how far the worker came. */
    private static int recall(final RingSlot slot) {
        return slot.recall() ? slot.base() : -1;
    }

    /** Uses the ring if there is one: 1 says so. */
    private static int use(final RingSlot slot) {
        final DeviceRing ring = slot.poll();
        if (ring == null) {
            return 0;
        }
        ring.completeReads(1);
        return 1;
    }

    /** Offered, and recalled while a worker comes, works and goes. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "recalled before the worker came")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "recalled after the worker went")
    @Outcome(id = "1, -1", expect = ACCEPTABLE, desc = "the worker has it: ask again")
    @Outcome(expect = FORBIDDEN, desc = "both had it, or what the worker did is not there")
    @State
    public static class Release {
        private final RingSlot slot = offered();

        /** Comes, works, goes. */
        @Actor
        public void worker(final II_Result result) {
            result.r1 = use(slot);
            slot.release();
        }

        /** Asks for it once. */
        @Actor
        public void control(final II_Result result) {
            result.r2 = recall(slot);
        }

        /** Ends it. */
        @Arbiter
        public void end() {
            slot.close();
        }
    }

    /** Recalled from a worker that polls on. */
    @JCStressTest
    @Outcome(id = "1, -1", expect = ACCEPTABLE, desc = "the worker may use it once more: ask again")
    @Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "the worker gave it back after it was asked for")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the worker gave it back")
    @Outcome(expect = FORBIDDEN, desc = "both had it")
    @State
    public static class Poll {
        private final RingSlot slot = attached();

        /** Polls once. */
        @Actor
        public void worker(final II_Result result) {
            result.r1 = use(slot);
        }

        /** Asks for it once. */
        @Actor
        public void control(final II_Result result) {
            result.r2 = recall(slot);
        }

        /** Ends it. */
        @Arbiter
        public void end() {
            slot.close();
        }
    }

    /** Recalled while the worker finds that the guest broke it. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "the worker gave it back at its poll")
    @Outcome(id = "0, -1", expect = ACCEPTABLE, desc = "the worker gave it back after it was asked for")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the worker gave it up")
    @Outcome(id = "1, -1", expect = ACCEPTABLE, desc = "the worker has it: ask again")
    @Outcome(expect = FORBIDDEN, desc = "both had it, or what the worker did is not there")
    @State
    public static class Broken {
        private final RingSlot slot = attached();

        /** Works, and gives up. */
        @Actor
        public void worker(final II_Result result) {
            result.r1 = use(slot);
            if (result.r1 == 1) {
                slot.broken(RejectReason.AVAIL_AHEAD);
            }
        }

        /** Asks for it once. */
        @Actor
        public void control(final II_Result result) {
            result.r2 = recall(slot);
        }

        /** Ends it. */
        @Arbiter
        public void end() {
            slot.close();
        }
    }

    /** A call descriptor takes the place of none while a worker takes the ring over and works on it. */
    @JCStressTest
    @Outcome(id = {"0, 0", "1, 0"}, expect = ACCEPTABLE, desc = "the old one may still be in use: ask again")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the worker uses the new one, or will")
    @Outcome(expect = FORBIDDEN, desc = "the old one would be closed under the worker")
    @State
    public static class Call {
        private final RingSlot slot = offered();

        /** Polls once; 1: with the new descriptor. */
        @Actor
        public void worker(final II_Result result) {
            slot.poll();
            result.r1 = slot.signal() ? 1 : 0;
        }

        /** Changes it; 1: the old one may be closed. */
        @Actor
        public void control(final II_Result result) {
            slot.call(CALL.fd());
            result.r2 = slot.isCallAdopted() ? 1 : 0;
        }

        /** Ends it. */
        @Arbiter
        public void end() {
            slot.close();
        }
    }

    /** Parked, and given other addresses, while a worker takes over a ring behind an IOMMU and works on it. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "parked before the worker came")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "parked after the worker went")
    @Outcome(id = {"0, -1", "1, -1"}, expect = ACCEPTABLE, desc = "the worker may be at it: ask again")
    @Outcome(expect = FORBIDDEN, desc = "the worker uses what was taken back, or what it did is not there")
    @State
    public static class Park {
        private final RingSlot slot = new RingSlot();

        /** Offered. */
        public Park() {
            slot.offer(GUEST.translated(Features.VIRTIO_F_VERSION_1, slot.misses()));
        }

        /** Comes, works, and leaves. */
        @Actor
        public void worker(final II_Result result) {
            result.r1 = use(slot);
            slot.leave();
        }

        /** Takes its memory back. */
        @Actor
        public void control(final II_Result result) {
            slot.park(true);
            result.r2 = slot.isIdle() ? slot.base() : -1;
        }

        /** Ends it. */
        @Arbiter
        public void end() {
            slot.close();
        }
    }

    /** Given other addresses while a worker polls a ring behind an IOMMU. */
    @JCStressTest
    @Outcome(id = {"0, 0", "0, 1", "1, 0"}, expect = ACCEPTABLE, desc = "with the new ones, or not over yet")
    @Outcome(id = "1, 1", expect = FORBIDDEN, desc = "the worker goes on with the old ones")
    @State
    public static class Dma {
        private static final DmaMap NONE = new DmaMap(AddressMap.EMPTY, AddressMap.EMPTY, true);
        private final RingSlot slot = new RingSlot();

        /** Attached. */
        public Dma() {
            slot.offer(GUEST.translated(Features.VIRTIO_F_VERSION_1, slot.misses()));
            slot.poll();
            slot.leave();
        }

        /** Polls once, and is at work; 1: by the old addresses. */
        @Actor
        public void worker(final II_Result result) {
            result.r1 = slot.poll().dma(0) == AddressMap.EMPTY ? 0 : 1;
        }

        /** Changes them; 1: nobody uses the old ones. */
        @Actor
        public void control(final II_Result result) {
            slot.dma(NONE);
            result.r2 = slot.isDmaAdopted() ? 1 : 0;
        }

        /** Ends it. */
        @Arbiter
        public void end() {
            slot.close();
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.Counters;
import io.millrace.DropReason;
import io.millrace.FrameCache;
import io.millrace.Offload;
import io.millrace.packet.Checksum;
import org.agrona.UnsafeApi;

import java.util.List;
import java.util.function.IntSupplier;

/**
 * Does for a transmit queue what its port does not take now: fills in the checksums that senders left to be filled in,
 * and cuts large packets. What cannot be finished is dropped and counted. Linked in only where packets can come from a
 * port with offloads; a burst that needs nothing is looked at and left alone.
 *
 * <p>A packet that was cut counts as {@code segmented} and each of its pieces as {@code segments}: of what came, {@code
 * segmented} packets are gone and {@code segments} go on. If the pool has no frame for a piece, those before it go on
 * and the packet is dropped as {@code no-frame}.
 */
final class OffloadStage implements Stage {
    private static final int LENGTH = 2;

    private final Burst inbox;
    private final Burst unfinished;
    private final IntSupplier taken;
    private final Runnable transmit;
    private final Segmenter segmenter = new Segmenter();
    private final Counter checksummed;
    private final Counter segmented;
    private final Counter segments;
    private final DropPoint dropped;
    private final DropPoint starved;

    /**
     * A stage before a transmit queue.
     *
     * @param inbox    of the queue; worked on in place.
     * @param taken    says what its port takes now, bits of {@link Offload}.
     * @param transmit empties the inbox: run in between when it is full of pieces.
     * @param part     the queue's name for counters.
     * @param place    the same for people.
     * @param scope    where to count.
     */
    OffloadStage(final FrameCache frames, final Burst inbox, final IntSupplier taken, final Runnable transmit,
                 final String part, final String place, final Counters.Scope scope) {
        this.inbox = inbox;
        this.taken = taken;
        this.transmit = transmit;
        checksummed = scope.counter("checksummed");
        segmented = scope.counter("segmented");
        segments = scope.counter("segments");
        dropped = new DropPoint(part, place, Drops.OFFLOAD, scope);
        starved = new DropPoint(part, place, DropReason.NO_FRAME, scope);
        unfinished = new Burst(frames, inbox.capacity());
    }

    @Override
    public int run() {
        final int packets = inbox.size();
        int flags = 0;
        for (int i = 0; i < packets; i++) {
            flags |= inbox.flags(i);
        }
        if ((flags & Burst.OFFLOAD) != 0) {
            finish(taken.getAsInt());
        }
        return packets;
    }

    private void finish(final int takenNow) {
        // A transmit queue takes from the front and knows no gaps: all packets go round by another burst.
        inbox.moveAll(unfinished);
        for (int i = 0; i < unfinished.size(); i++) {
            if (!unfinished.hasOffload(i) || (Offload.needed(unfinished.gsoType(i)) & ~takenNow) == 0) {
                makeRoom();
                unfinished.move(i, inbox);
            } else if (unfinished.gsoType(i) != Offload.GSO_NONE) {
                cut(i, (takenNow & Offload.CSUM) != 0);
            } else if (fillIn(i)) {
                checksummed.increment();
                makeRoom();
                unfinished.move(i, inbox);
            } else {
                dropped.drop(unfinished, i);
            }
        }
        unfinished.settle("the offloads");
    }

    private void makeRoom() {
        if (inbox.remaining() == 0) {
            transmit.run();
        }
    }

    private void cut(final int i, final boolean leavesChecksum) {
        if (!segmenter.begin(unfinished, i)) {
            dropped.drop(unfinished, i);
            return;
        }
        while (segmenter.hasNext()) {
            makeRoom();
            if (!segmenter.next(inbox, leavesChecksum)) {
                starved.drop(unfinished, i);
                return;
            }
            segments.increment();
        }
        segmented.increment();
        unfinished.free(i);
    }

    private boolean fillIn(final int i) {
        final int start = unfinished.checksumStart(i);
        final int place = unfinished.checksumOffset(i);
        final int length = unfinished.length(i);
        // Headers may have been cut off since, and a back-end that shares the pool may have written there.
        if (start < 0 || start > length - LENGTH - place) {
            return false;
        }
        final long address = unfinished.address(i) + start;
        final int checksum = Checksum.of(address, length - start);
        // RFC 768: a UDP checksum of 0 means that there is none. The other form of zero is right in every protocol.
        UnsafeApi.putShort(address + place, Short.reverseBytes((short) (checksum == 0 ? 0xffff : checksum)));
        unfinished.offload(i, -1, 0, Offload.GSO_NONE, 0, 0);
        return true;
    }

    @Override
    public List<DropPoint> dropPoints() {
        return List.of(dropped, starved);
    }

    @Override
    public void close() {
        unfinished.freeAll();
    }
}

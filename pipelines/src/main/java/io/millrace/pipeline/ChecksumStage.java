/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counter;
import io.millrace.FrameCache;
import io.millrace.Offload;
import io.millrace.packet.Checksum;
import org.agrona.UnsafeApi;

import java.util.function.IntSupplier;

/**
 * Does for a transmit queue what its port cannot: fills in the checksums that senders left to be filled in. What cannot
 * be finished here is dropped and counted. Linked in only where packets can come from a port with offloads.
 */
final class ChecksumStage implements Stage {
    private static final int LENGTH = 2;

    private final Burst inbox;
    private final Burst kept;
    private final IntSupplier taken;
    private final Counter checksummed;
    private final Counter dropped;

    /**
     * A stage before a transmit queue.
     *
     * @param inbox       of the queue; worked on in place.
     * @param taken       says what its port takes now, bits of {@link Offload}.
     * @param checksummed counts the packets that got a checksum.
     * @param dropped     counts those that cannot be sent here.
     */
    ChecksumStage(final FrameCache frames, final Burst inbox, final IntSupplier taken, final Counter checksummed,
                  final Counter dropped) {
        this.inbox = inbox;
        this.taken = taken;
        this.checksummed = checksummed;
        this.dropped = dropped;
        kept = new Burst(frames, inbox.capacity());
    }

    @Override
    public int run() {
        final int packets = inbox.size();
        final int takenNow = taken.getAsInt();
        int finished = 0;
        int lost = 0;
        for (int i = 0; i < inbox.size(); i++) {
            final boolean isReady = !inbox.hasOffload(i) || (Offload.needed(inbox.gsoType(i)) & ~takenNow) == 0;
            if (!isReady && !finish(i)) {
                // A transmit queue takes from the front and knows no gaps: the others go round by another burst.
                for (int before = 0; lost == 0 && before < i; before++) {
                    inbox.move(before, kept);
                }
                inbox.free(i);
                lost++;
                continue;
            }
            finished += isReady ? 0 : 1;
            if (lost > 0) {
                inbox.move(i, kept);
            }
        }
        if (lost > 0) {
            inbox.settle("the checksums");
            kept.moveAll(inbox);
            dropped.add(lost);
        }
        if (finished > 0) {
            checksummed.add(finished);
        }
        return packets;
    }

    private boolean finish(final int i) {
        final int gsoType = inbox.gsoType(i);
        final int start = inbox.checksumStart(i);
        final int place = inbox.checksumOffset(i);
        final int length = inbox.length(i);
        // Headers may have been cut off since, and a back-end that shares the pool may have written there.
        if (gsoType != Offload.GSO_NONE || start < 0 || start > length - LENGTH - place) {
            return false;
        }
        final long address = inbox.address(i) + start;
        final int checksum = Checksum.of(address, length - start);
        // RFC 768: a UDP checksum of 0 means that there is none. The other form of zero is right in every protocol.
        UnsafeApi.putShort(address + place, Short.reverseBytes((short) (checksum == 0 ? 0xffff : checksum)));
        inbox.offload(i, -1, 0, Offload.GSO_NONE, 0, 0);
        return true;
    }

    @Override
    public void close() {
        kept.freeAll();
    }
}

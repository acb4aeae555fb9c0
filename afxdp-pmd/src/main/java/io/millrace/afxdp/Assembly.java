/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;

/**
 * Puts a packet that fills several descriptors together in one jumbo frame. The frames of its pieces are freed as they
 * come, also those of a packet that cannot be kept.
 *
 * <p>Thread safety: none.
 */
final class Assembly {
    private final long poolBase;
    private int frame = FramePool.NONE;
    private int length;
    private boolean isOpen;
    private boolean isGood;

    Assembly(final long poolBase) {
        this.poolBase = poolBase;
    }

    /** Whether a packet has begun and not ended. */
    boolean isOpen() {
        return isOpen;
    }

    /**
     * Adds a piece, the first one if none is open.
     *
     * @param offset of the piece, in a frame that is freed.
     * @param bytes  its length; 0: it was bad, and so is the whole packet.
     */
    void append(final FrameCache frames, final int offset, final int bytes) {
        if (!isOpen) {
            isOpen = true;
            isGood = true;
            length = 0;
            frame = frames.allocateJumbo();
        }
        isGood &= bytes > 0 && length + bytes <= FramePool.JUMBO_CAPACITY;
        if (isGood) {
            if (frame != FramePool.NONE) {
                UnsafeApi.copyMemory(poolBase + offset, poolBase + frame + length, bytes);
            }
            length += bytes;
        }
        frames.free(offset);
    }

    /** Whether all its pieces fitted. */
    boolean isGood() {
        return isGood;
    }

    /** How many bytes the packet has. */
    int length() {
        return length;
    }

    /**
     * Ends the packet.
     *
     * @return where it is, and its frame is the caller's; {@link FramePool#NONE} if there was no frame for it, or it is
     *         not good.
     */
    int finish(final FrameCache frames) {
        isOpen = false;
        final int finished = frame;
        frame = FramePool.NONE;
        if (!isGood && finished != FramePool.NONE) {
            frames.free(finished);
            return FramePool.NONE;
        }
        return finished;
    }

    /** Forgets a packet that has begun. */
    void abandon(final FrameCache frames) {
        if (isOpen) {
            isGood = false;
            finish(frames);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.jctools.queues.MessagePassingQueue;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The free frames of one class that rest in no cache, in chunks. Empty chunks are kept too, so that moving frames
 * allocates nothing.
 *
 * <p>Thread safety: any thread; both queues are jctools' lock-free MPMC queues.
 */
final class Depot {
    private final MessagePassingQueue<Chunk> full;
    private final MessagePassingQueue<Chunk> empty;
    private final int chunkCapacity;
    private final AtomicInteger size = new AtomicInteger();

    /**
     * @param frames        how many frames this depot will ever hold.
     * @param chunkCapacity how many travel together.
     */
    Depot(final int frames, final int chunkCapacity) {
        this.chunkCapacity = chunkCapacity;
        // Closed caches leave chunks that are not full: in the worst case each frame sits in a chunk of its own.
        final int chunks = Math.max(2, frames);
        full = new MpmcVarHandleArrayQueue<>(chunks);
        empty = new MpmcVarHandleArrayQueue<>(chunks);
        for (int i = Math.min(chunks, frames / chunkCapacity + 16); i > 0; i--) {
            empty.offer(new Chunk(chunkCapacity));
        }
    }

    int chunkCapacity() {
        return chunkCapacity;
    }

    /** How many frames rest here. */
    int size() {
        return size.get();
    }

    /** Fills {@code stack} from index {@code top} with one chunk's frames and returns how many, 0 if there is none. */
    int take(final int[] stack, final int top) {
        final Chunk chunk = full.poll();
        if (chunk == null) {
            return 0;
        }
        final int count = chunk.count;
        System.arraycopy(chunk.offsets, 0, stack, top, count);
        empty.offer(chunk);
        size.getAndAdd(-count);
        return count;
    }

    /** Moves at most one chunk's worth off the bottom of {@code stack}, the coldest, and returns the new top. */
    int give(final int[] stack, final int top) {
        Chunk chunk = empty.poll();
        if (chunk == null) {
            chunk = new Chunk(chunkCapacity);
        }
        final int count = Math.min(chunkCapacity, top);
        System.arraycopy(stack, 0, chunk.offsets, 0, count);
        System.arraycopy(stack, count, stack, 0, top - count);
        chunk.count = count;
        size.getAndAdd(count);
        full.offer(chunk);
        return top - count;
    }
}

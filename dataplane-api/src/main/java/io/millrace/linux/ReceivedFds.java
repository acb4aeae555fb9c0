/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.util.Arrays;

/**
 * The descriptors that arrived on a {@link UnixSocket}, owned here until taken. Closing, or clearing, closes those that
 * nobody took, so one {@code try} around a message leaks nothing on any path.
 *
 * <p>Each receive <em>adds</em> to it: a message may arrive in pieces, its descriptors with any of them. Call
 * {@link #clear()} when a message is done.
 *
 * <p>Thread safety: none; it belongs to the reader of the socket.
 */
public final class ReceivedFds implements AutoCloseable {
    /** The most descriptors held at once; what the kernel lets one message carry. */
    public static final int CAPACITY = 253;

    private static final int TAKEN = -1;

    private final int[] numbers = new int[CAPACITY];
    private int count;
    private boolean truncated;

    /** How many have arrived since it was last cleared, those taken included. */
    public int count() {
        return count;
    }

    /**
     * Whether more arrived than there are here: this process ran out of descriptors, or the peer sent more than
     * {@link #CAPACITY}. Which ones are missing is unknown, so the only thing to do is to drop the connection.
     */
    public boolean isTruncated() {
        return truncated;
    }

    /**
     * Hands the {@code i}-th descriptor over to the caller.
     *
     * @throws IllegalStateException if it was taken before.
     */
    public Fd take(final int i) {
        if (i < 0 || i >= count) {
            throw new IndexOutOfBoundsException(i + " of " + count + " received descriptors");
        }
        if (numbers[i] == TAKEN) {
            throw new IllegalStateException("descriptor " + i + " has been taken already");
        }
        final Fd fd = Fd.ownStrange(numbers[i]);
        numbers[i] = TAKEN;
        return fd;
    }

    /** Closes those that were not taken and starts again with none. */
    public void clear() {
        for (int i = 0; i < count; i++) {
            if (numbers[i] != TAKEN) {
                StrangerCloser.close(numbers[i]);
                numbers[i] = TAKEN;
            }
        }
        count = 0;
        truncated = false;
    }

    /** Closes those that were not taken. */
    @Override
    public void close() {
        clear();
    }

    /** Takes ownership of one that has just arrived. */
    void add(final int number) {
        if (count == CAPACITY) {
            StrangerCloser.close(number);
            truncated = true;
            return;
        }
        numbers[count++] = number;
    }

    void markTruncated() {
        truncated = true;
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.copyOf(numbers, count)) + (truncated ? " and lost ones" : "");
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

/** A handful of free frames that moves between a cache and the depot as one element. */
final class Chunk {
    static final int CAPACITY = 64;

    final int[] offsets;
    int count;

    Chunk(final int capacity) {
        offsets = new int[capacity];
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * Ranges of one address space and where each of them begins in another: immutable, sorted, without overlaps.
 *
 * <pre>
 *                     start       size   target
 *                   +-----------+------+----------------+
 *   1000_0800 -----&gt; | 1000_0000 | 2000 | 7f00_4400_0000 | -----&gt; 7f00_4400_0800
 *                   | 1000_2000 | 1000 | 7f00_1234_5000 |
 *                   +-----------+------+----------------+
 * </pre>
 *
 * <p>Addresses are any 64 bits, without sign; no range wraps around. A lookup always says how many bytes will be
 * accessed.
 */
final class AddressMap {
    /** No such address. */
    static final long NONE = 0;
    static final AddressMap EMPTY = new AddressMap(new long[0], new long[0], new long[0]);

    private final long[] starts;
    private final long[] sizes;
    private final long[] targets;

    private AddressMap(final long[] starts, final long[] sizes, final long[] targets) {
        this.starts = starts;
        this.sizes = sizes;
        this.targets = targets;
    }

    /** How many ranges there are. */
    int count() {
        return starts.length;
    }

    /** Which range wholly holds so many bytes from {@code address} on, 0 to 2^32 of them; or -1. */
    int find(final long address, final long length) {
        final int range = lastFrom(address);
        if (range < 0) {
            return -1;
        }
        final long offset = address - starts[range];
        // Two signed compares cover wrap-around: a size is positive, so offset + length cannot overflow past it.
        return offset >= 0 && offset < sizes[range] && offset <= sizes[range] - length ? range : -1;
    }

    /** The last range that begins at {@code address} or before it; -1 if there is none. */
    private int lastFrom(final long address) {
        int low = 0;
        int high = starts.length - 1;
        while (low <= high) {
            final int middle = low + high >>> 1;
            if (Long.compareUnsigned(starts[middle], address) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    long start(final int range) {
        return starts[range];
    }

    long size(final int range) {
        return sizes[range];
    }

    long target(final int range) {
        return targets[range];
    }

    /** Where so many bytes from {@code address} on are; {@link #NONE} unless all of them lie in one range. */
    long translate(final long address, final long length) {
        final int range = find(address, length);
        return range < 0 ? NONE : targets[range] + (address - starts[range]);
    }

    /**
     * This map and one more range, which stays a range of its own.
     *
     * @param size more than 0; does not reach beyond 2^64, nor into another range.
     */
    AddressMap plus(final long start, final long size, final long target) {
        final int at = lastFrom(start) + 1;
        return replaced(at, at, start, size, target);
    }

    /**
     * This map with a range that takes the place of whatever was there, joined with the ranges beside it if they go on
     * where it ends, on both sides of the map.
     *
     * @param size more than 0; does not reach beyond 2^64.
     */
    AddressMap with(final long start, final long size, final long target) {
        final AddressMap rest = without(start, size);
        final int before = rest.lastFrom(start);
        final int after = before + 1;
        final boolean joinsBefore = before >= 0 && rest.starts[before] + rest.sizes[before] == start
            && rest.targets[before] + rest.sizes[before] == target;
        final boolean joinsAfter = after < rest.starts.length && rest.starts[after] == start + size
            && rest.targets[after] == target + size;
        return rest.replaced(joinsBefore ? before : after, joinsAfter ? after + 1 : after,
            joinsBefore ? rest.starts[before] : start,
            size + (joinsBefore ? rest.sizes[before] : 0) + (joinsAfter ? rest.sizes[after] : 0),
            joinsBefore ? rest.targets[before] : target);
    }

    /** This map with one range in place of those from {@code from} on and before {@code to}. */
    private AddressMap replaced(final int from, final int to, final long start, final long size, final long target) {
        return new AddressMap(replaced(starts, from, to, start), replaced(sizes, from, to, size),
            replaced(targets, from, to, target));
    }

    private static long[] replaced(final long[] old, final int from, final int to, final long value) {
        final long[] all = new long[old.length - (to - from) + 1];
        System.arraycopy(old, 0, all, 0, from);
        all[from] = value;
        System.arraycopy(old, to, all, from + 1, old.length - to);
        return all;
    }

    /** This map without a range, of which any part may be there; does not reach beyond 2^64. A size of 0 is 2^64. */
    AddressMap without(final long start, final long size) {
        final long last = start + size - 1;
        final int end = lastFrom(last) + 1;
        int from = lastFrom(start);
        if (from < 0 || Long.compareUnsigned(starts[from] + sizes[from] - 1, start) < 0) {
            from++;
        }
        if (from >= end) {
            return this;
        }
        // Of the first and the last that are touched, something may be left.
        final long before = start - starts[from];
        final long behind = starts[end - 1] + sizes[end - 1] - 1 - last;
        AddressMap rest = new AddressMap(removed(starts, from, end), removed(sizes, from, end),
            removed(targets, from, end));
        if (Long.compareUnsigned(starts[end - 1] + sizes[end - 1] - 1, last) > 0) {
            rest = rest.plus(last + 1, behind, targets[end - 1] + sizes[end - 1] - behind);
        }
        return Long.compareUnsigned(starts[from], start) < 0 ? rest.plus(starts[from], before, targets[from]) : rest;
    }

    private static long[] removed(final long[] old, final int from, final int to) {
        final long[] rest = new long[old.length - (to - from)];
        System.arraycopy(old, 0, rest, 0, from);
        System.arraycopy(old, to, rest, from, old.length - to);
        return rest;
    }
}

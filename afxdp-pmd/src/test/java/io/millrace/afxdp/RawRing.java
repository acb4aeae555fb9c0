/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.linux.XdpRing;
import org.agrona.UnsafeApi;

/** A ring in memory of our own, whose other side is the test: a kernel that may do anything. */
final class RawRing implements AutoCloseable {
    private static final int ENTRIES = 64;

    final XdpRing ring;
    private final long memory;
    private final int entryLength;

    RawRing(final int size, final int entryLength) {
        this.entryLength = entryLength;
        final long length = ENTRIES + (long) size * entryLength;
        memory = UnsafeApi.allocateMemory(length);
        UnsafeApi.setMemory(memory, length, (byte) 0);
        ring = new XdpRing(size, memory, memory + 16, memory + 32, memory + ENTRIES);
    }

    int producer() {
        return UnsafeApi.getInt(ring.producer());
    }

    void producer(final int index) {
        UnsafeApi.putInt(ring.producer(), index);
    }

    int consumer() {
        return UnsafeApi.getInt(ring.consumer());
    }

    void consumer(final int index) {
        UnsafeApi.putInt(ring.consumer(), index);
    }

    void flags(final int flags) {
        UnsafeApi.putInt(ring.flags(), flags);
    }

    /** The address in an entry. */
    long address(final int index) {
        return UnsafeApi.getLong(entry(index));
    }

    /** The length and the options of an entry. */
    long rest(final int index) {
        return UnsafeApi.getLong(entry(index) + Long.BYTES);
    }

    /** Produces a descriptor or, in a ring of addresses, an address. */
    void produce(final long address, final int length, final int options) {
        final int index = producer();
        UnsafeApi.putLong(entry(index), address);
        if (entryLength > Long.BYTES) {
            UnsafeApi.putLong(entry(index) + Long.BYTES, length & 0xffffffffL | (long) options << 32);
        }
        producer(index + 1);
    }

    private long entry(final int index) {
        return ring.entries() + (long) (index & ring.size() - 1) * entryLength;
    }

    @Override
    public void close() {
        UnsafeApi.freeMemory(memory);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.charset.Charset;
import org.agrona.UnsafeApi;

/**
 * A few bytes outside the heap, where the kernel reads arguments and writes results. Starts as zeros.
 *
 * <p>Every access is checked: use after close is an {@link IllegalStateException}, not the death of the JVM.
 *
 * <p>Thread safety: none. Closing twice is harmless.
 */
final class Scratch implements AutoCloseable {
    // How this JVM turns paths into bytes: a name given as Path and one given to libc must be the same file.
    private static final Charset PATH_CHARSET = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    private final long address;
    private final long length;
    private boolean closed;

    /**
     * Allocates.
     *
     * @param length in bytes, more than 0.
     */
    Scratch(final long length) {
        this.length = length;
        address = UnsafeApi.allocateMemory(length);
        UnsafeApi.setMemory(address, length, (byte) 0);
    }

    /** The bytes of a file name, ended by a zero byte. */
    static Scratch ofString(final String text) {
        final byte[] bytes = pathBytes(text);
        final Scratch scratch = new Scratch(bytes.length + 1L);
        scratch.putBytes(0, bytes);
        return scratch;
    }

    static byte[] pathBytes(final String path) {
        return path.getBytes(PATH_CHARSET);
    }

    long address() {
        return at(0, length);
    }

    boolean isOpen() {
        return !closed;
    }

    void putBytes(final long offset, final byte[] bytes) {
        final long start = at(offset, bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            UnsafeApi.putByte(start + i, bytes[i]);
        }
    }

    byte[] getBytes(final long offset, final int count) {
        final long start = at(offset, count);
        final byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = UnsafeApi.getByte(start + i);
        }
        return bytes;
    }

    /** The text that a C program left there: up to the first zero, or all of it. */
    String text(final long offset, final int capacity) {
        final String text = new String(getBytes(offset, capacity), PATH_CHARSET);
        final int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    void putShort(final long offset, final int value) {
        UnsafeApi.putShort(at(offset, Short.BYTES), (short) value);
    }

    int getShort(final long offset) {
        return UnsafeApi.getShort(at(offset, Short.BYTES)) & 0xffff;
    }

    void putInt(final long offset, final int value) {
        UnsafeApi.putInt(at(offset, Integer.BYTES), value);
    }

    int getInt(final long offset) {
        return UnsafeApi.getInt(at(offset, Integer.BYTES));
    }

    void putLong(final long offset, final long value) {
        UnsafeApi.putLong(at(offset, Long.BYTES), value);
    }

    long getLong(final long offset) {
        return UnsafeApi.getLong(at(offset, Long.BYTES));
    }

    private long at(final long offset, final long bytes) {
        if (closed) {
            throw new IllegalStateException("closed already");
        }
        if (offset < 0 || offset > length - bytes) {
            throw new IndexOutOfBoundsException(bytes + " bytes at " + offset + " of " + length);
        }
        return address + offset;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            UnsafeApi.freeMemory(address);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.charset.Charset;
import org.agrona.UnsafeApi;

/**
 * A few bytes outside the heap, where the kernel reads arguments and writes results. Starts as zeros.
 *
 * <p>Thread safety: as for any memory; closing twice is harmless.
 */
final class Scratch implements AutoCloseable {
    // How this JVM turns paths into bytes: a name given as Path and one given to libc must be the same file.
    private static final Charset PATH_CHARSET = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    private long address;

    Scratch(final long length) {
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
        return address;
    }

    void putBytes(final long offset, final byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            UnsafeApi.putByte(address + offset + i, bytes[i]);
        }
    }

    void putShort(final long offset, final int value) {
        UnsafeApi.putShort(address + offset, (short) value);
    }

    int getShort(final long offset) {
        return UnsafeApi.getShort(address + offset) & 0xffff;
    }

    void putInt(final long offset, final int value) {
        UnsafeApi.putInt(address + offset, value);
    }

    int getInt(final long offset) {
        return UnsafeApi.getInt(address + offset);
    }

    void putLong(final long offset, final long value) {
        UnsafeApi.putLong(address + offset, value);
    }

    long getLong(final long offset) {
        return UnsafeApi.getLong(address + offset);
    }

    @Override
    public void close() {
        if (address != 0) {
            UnsafeApi.freeMemory(address);
            address = 0;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import org.agrona.UnsafeApi;

/** Bytes outside the heap with an address, as a packet has them. */
final class Bytes implements AutoCloseable {
    private final long address;
    private final int length;

    private Bytes(final int length) {
        this.address = UnsafeApi.allocateMemory(Math.max(1, length));
        this.length = length;
        UnsafeApi.setMemory(address, length, (byte) 0);
    }

    static Bytes zeros(final int length) {
        return new Bytes(length);
    }

    /** From pairs of hexadecimal digits; blanks are ignored. */
    static Bytes hex(final String text) {
        final String digits = text.replaceAll("\\s", "");
        final byte[] bytes = new byte[digits.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
        }
        return of(bytes);
    }

    static Bytes of(final byte[] bytes) {
        final Bytes copy = new Bytes(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            UnsafeApi.putByte(copy.address + i, bytes[i]);
        }
        return copy;
    }

    long address() {
        return address;
    }

    int length() {
        return length;
    }

    /** What is there now. */
    byte[] copy() {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = UnsafeApi.getByte(address + i);
        }
        return bytes;
    }

    String hex() {
        final StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(String.format("%02x", UnsafeApi.getByte(address + i)));
        }
        return text.toString();
    }

    @Override
    public void close() {
        UnsafeApi.freeMemory(address);
    }
}

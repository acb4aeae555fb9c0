/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Known answers, and the naive definition on thousands of random ranges. */
class ChecksumTest {
    private static final long SEED = 20260101;

    private final Random random = new Random(SEED);

    /** Word by word with the carry added at once, as RFC 1071 words it. */
    private static int naiveSum(final byte[] bytes, final int from, final int length) {
        int sum = 0;
        for (int i = 0; i < length; i += 2) {
            final int high = bytes[from + i] & 0xFF;
            final int low = i + 1 < length ? bytes[from + i + 1] & 0xFF : 0;
            sum += high << 8 | low;
            if (sum > 0xFFFF) {
                sum -= 0xFFFF;
            }
        }
        return sum;
    }

    private static int naiveChecksum(final byte[] bytes) {
        return ~naiveSum(bytes, 0, bytes.length) & 0xFFFF;
    }

    private byte[] randomBytes(final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    @Test
    void shouldGiveTheSumOfTheExampleInRfc1071() {
        try (Bytes example = Bytes.hex("0001 f203 f4f5 f6f7")) {
            assertEquals(0xDDF2, Checksum.sum(example.address(), 8));
            assertEquals(0x220D, Checksum.of(example.address(), 8));
        }
    }

    @Test
    void shouldGiveTheChecksumOfAKnownIpv4Header() {
        try (Bytes header = Bytes.hex("4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7")) {
            assertEquals(0xB861, Checksum.of(header.address(), 20));
        }
    }

    @Test
    void shouldAgreeWithTheNaiveSumForEveryShortLengthAndAlignment() {
        final byte[] bytes = randomBytes(128);
        try (Bytes memory = Bytes.of(bytes)) {
            for (int from = 0; from < 16; from++) {
                for (int length = 0; length <= 100; length++) {
                    assertEquals(naiveSum(bytes, from, length), Checksum.sum(memory.address() + from, length),
                        length + " bytes from " + from);
                }
            }
        }
    }

    @Test
    void shouldAgreeWithTheNaiveSumOnThousandsOfRandomRanges() {
        final byte[] bytes = randomBytes(1 << 16);
        try (Bytes memory = Bytes.of(bytes)) {
            for (int i = 0; i < 5000; i++) {
                final int from = random.nextInt(bytes.length);
                final int length = random.nextInt(Math.min(4096, bytes.length - from) + 1);
                assertEquals(naiveSum(bytes, from, length), Checksum.sum(memory.address() + from, length),
                    length + " bytes from " + from);
            }
        }
    }

    @Test
    void shouldFoldEveryCarryOfTheLargestPacket() {
        final byte[] ones = new byte[(1 << 17) - 1];
        Arrays.fill(ones, (byte) 0xFF);
        try (Bytes memory = Bytes.of(ones)) {
            assertEquals(naiveSum(ones, 0, ones.length), Checksum.sum(memory.address(), ones.length));
            assertEquals(0xFFFF, Checksum.sum(memory.address(), ones.length - 1));
        }
    }

    @Test
    void shouldNotReadBeyondTheRange() {
        for (int length = 0; length <= 40; length++) {
            try (Bytes memory = Bytes.zeros(64)) {
                UnsafeApi.setMemory(memory.address() + length, 64 - length, (byte) 0xA5);
                assertEquals(0, Checksum.sum(memory.address(), length), length + " bytes");
            }
        }
    }

    @Test
    void shouldAddSumsOfRangesOfEvenLength() {
        for (int i = 0; i < 1000; i++) {
            final byte[] bytes = randomBytes(2 + random.nextInt(200));
            final int cut = random.nextInt(bytes.length / 2) * 2;
            try (Bytes memory = Bytes.of(bytes)) {
                final int parts = Checksum.sum(memory.address(), cut)
                    + Checksum.sum(memory.address() + cut, bytes.length - cut);
                assertEquals(naiveChecksum(bytes), Checksum.of(parts), bytes.length + " bytes cut at " + cut);
            }
        }
    }

    @Test
    void shouldFindARangeIntactThatCarriesItsChecksumAndNoOther() {
        for (int i = 0; i < 1000; i++) {
            final byte[] bytes = randomBytes(4 + random.nextInt(100));
            bytes[2] = 0;
            bytes[3] = 0;
            final int checksum = naiveChecksum(bytes);
            bytes[2] = (byte) (checksum >>> 8);
            bytes[3] = (byte) checksum;
            try (Bytes memory = Bytes.of(bytes)) {
                assertTrue(Checksum.isIntact(memory.address(), bytes.length));
                UnsafeApi.putByte(memory.address() + random.nextInt(bytes.length), (byte) random.nextInt());
                assertEquals(naiveSum(memory.copy(), 0, bytes.length) == 0xFFFF,
                    Checksum.isIntact(memory.address(), bytes.length));
            }
        }
    }

    @Test
    void shouldSeeASingleFlippedBit() {
        try (Bytes header = Bytes.hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7")) {
            assertTrue(Checksum.isIntact(header.address(), 20));
            for (int bit = 0; bit < 160; bit++) {
                final long at = header.address() + bit / 8;
                final byte before = UnsafeApi.getByte(at);
                UnsafeApi.putByte(at, (byte) (before ^ 1 << bit % 8));
                assertFalse(Checksum.isIntact(header.address(), 20), "bit " + bit);
                UnsafeApi.putByte(at, before);
            }
        }
    }

    @Test
    void shouldGiveThePseudoHeaderSumOfIpv4() {
        for (int i = 0; i < 2000; i++) {
            final byte[] pseudo = randomBytes(12);
            pseudo[8] = 0;
            try (Bytes memory = Bytes.of(pseudo)) {
                final int source = Integer.reverseBytes(UnsafeApi.getInt(memory.address()));
                final int destination = Integer.reverseBytes(UnsafeApi.getInt(memory.address() + 4));
                final int length = Short.reverseBytes(UnsafeApi.getShort(memory.address() + 10)) & 0xFFFF;
                assertEquals(naiveSum(pseudo, 0, 12),
                    Checksum.pseudoHeaderSum(source, destination, pseudo[9] & 0xFF, length));
            }
        }
    }

    @Test
    void shouldGiveThePseudoHeaderSumOfIpv6() {
        for (int i = 0; i < 2000; i++) {
            final byte[] pseudo = randomBytes(40);
            pseudo[32] = 0;
            pseudo[36] = 0;
            pseudo[37] = 0;
            pseudo[38] = 0;
            final long[] words = new long[4];
            try (Bytes memory = Bytes.of(pseudo)) {
                for (int at = 0; at < 4; at++) {
                    words[at] = Long.reverseBytes(UnsafeApi.getLong(memory.address() + 8L * at));
                }
                final int length = Integer.reverseBytes(UnsafeApi.getInt(memory.address() + 32));
                assertEquals(naiveSum(pseudo, 0, 40), Checksum.pseudoHeaderSum(words[0], words[1], words[2], words[3],
                    pseudo[39] & 0xFF, length));
            }
        }
    }

    @Test
    void shouldUpdateAChecksumByOneWordAsIfComputedAgain() {
        for (int i = 0; i < 5000; i++) {
            final byte[] bytes = randomBytes(20);
            final int at = random.nextInt(10) * 2;
            final int checksum = naiveChecksum(bytes);
            final int before = (bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF;
            // Often the values at which one's complement has two zeros.
            final int after = i % 3 == 0 ? 0 : i % 3 == 1 ? 0xFFFF : random.nextInt(1 << 16);
            bytes[at] = (byte) (after >>> 8);
            bytes[at + 1] = (byte) after;
            assertEquals(naiveChecksum(bytes), Checksum.update(checksum, before, after),
                Integer.toHexString(before) + " to " + Integer.toHexString(after));
        }
    }

    @Test
    void shouldGiveTheUpdateOfTheExampleInRfc1624() {
        // Section 4: with the older equation 2 this came out as 0xFFFF.
        assertEquals(0, Checksum.update(0xDD2F, 0x5555, 0x3285));
    }

    @Test
    void shouldUpdateAChecksumByAnAddress() {
        for (int i = 0; i < 5000; i++) {
            final byte[] bytes = randomBytes(20);
            final int checksum = naiveChecksum(bytes);
            try (Bytes memory = Bytes.of(bytes)) {
                final int before = Integer.reverseBytes(UnsafeApi.getInt(memory.address() + 12));
                final int after = random.nextInt();
                UnsafeApi.putInt(memory.address() + 12, Integer.reverseBytes(after));
                assertEquals(Checksum.of(memory.address(), 20), Checksum.updateInt(checksum, before, after));
            }
        }
    }
}

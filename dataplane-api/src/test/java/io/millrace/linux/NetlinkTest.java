/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How messages are put together and taken apart, whole ones and broken ones. */
class NetlinkTest {
    private static ByteBuffer buffer(final byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    private static byte[] message() {
        return new NetlinkRequest(16, NetlinkRequest.ACK).addByte(1).addByte(2).addShort(3).addInt(4)
            .attribute(1, 77).attribute(2, "eth0").attribute(3, new byte[] {9, 8, 7, 6, 5, 4}).finish(42);
    }

    @Test
    void shouldReadBackWhatItWrites() {
        final List<NetlinkMessage> messages = NetlinkMessage.parse(buffer(message()));
        assertEquals(1, messages.size());
        final NetlinkMessage message = messages.get(0);
        assertEquals(16, message.type());
        assertEquals(NetlinkRequest.REQUEST | NetlinkRequest.ACK, message.flags());
        assertEquals(42, message.sequence());
        final NetlinkAttributes all = message.attributes(8);
        assertEquals(77, all.getInt(1, 0));
        assertEquals("eth0", all.text(2));
        assertArrayEquals(new byte[] {9, 8, 7, 6, 5, 4}, all.bytes(3));
        assertEquals(0, message().length % 4);
    }

    @Test
    void shouldGiveSomethingElseForWhatIsMissingOrTooShort() {
        final NetlinkAttributes all = NetlinkMessage.parse(buffer(message())).get(0).attributes(8);
        assertFalse(all.has(9));
        assertEquals(-5, all.getInt(9, -5));
        assertEquals(-5, all.getLong(1, -5));
        assertEquals(-5, all.getSecondInt(1, -5));
        assertEquals("", all.text(9));
        assertEquals(0, all.bytes(9).length);
        assertFalse(all.nested(9).has(1));
    }

    @Test
    void shouldTakeSeveralMessagesOfOneDatagramApart() {
        final byte[] one = message();
        final ByteBuffer two = ByteBuffer.allocate(2 * one.length).order(ByteOrder.nativeOrder()).put(one).put(one);
        assertEquals(2, NetlinkMessage.parse(two.flip()).size());
    }

    @Test
    void shouldRefuseLengthsThatCannotBe() {
        for (final int length : new int[] {0, 15, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, message().length + 1}) {
            final ByteBuffer bytes = buffer(message()).putInt(0, length);
            assertEquals(Errno.EBADMSG,
                assertThrows(LinuxException.class, () -> NetlinkMessage.parse(bytes)).errno(), "" + length);
        }
        for (final int length : new int[] {0, 3, 0xffff}) {
            final ByteBuffer bytes = buffer(message()).putShort(24, (short) length);
            assertEquals(Errno.EBADMSG,
                assertThrows(LinuxException.class, () -> NetlinkMessage.parse(bytes).get(0).attributes(8)).errno());
        }
        final NetlinkMessage brief = NetlinkMessage.parse(buffer(new NetlinkRequest(16, 0).finish(1))).get(0);
        assertEquals(Errno.EBADMSG, assertThrows(LinuxException.class, () -> NetInterface.of(brief)).errno());
    }

    @Test
    void shouldSurviveAnyBytes() {
        final Random random = new Random(4711);
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            final byte[] bytes = message();
            for (int n = random.nextInt(4); n >= 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                for (final NetlinkMessage message : NetlinkMessage.parse(buffer(bytes))) {
                    message.errno();
                    message.explanation();
                    NetInterface.of(message);
                    read++;
                }
            } catch (final LinuxException e) {
                assertEquals(Errno.EBADMSG, e.errno());
            }
        }
        assertTrue(read > 0 && read < 20_000, "of both kinds: " + read);
    }
}

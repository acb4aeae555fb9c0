/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Addresses as text and as numbers. */
class MacAddressTest {
    @Test
    void shouldReadAndWriteAMacAddress() {
        assertEquals(0x5254_00AB_CDEFL, MacAddress.parse("52:54:00:AB:cd:ef"));
        assertEquals("52:54:00:ab:cd:ef", MacAddress.format(0x5254_00AB_CDEFL));
    }

    @Test
    void shouldReadWhatItWrites() {
        final Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            final long mac = random.nextLong() >>> 16;
            assertEquals(mac, MacAddress.parse(MacAddress.format(mac)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "52:54:00:12:34", "52:54:00:12:34:56:78", "52-54-00-12-34-56", "52:54:00:12:34:5g",
        "525400123456", "5:54:00:12:34:56", "52:54:00:12:34:56 ", "\u0665\u0662:54:00:12:34:56"})
    void shouldRefuseTextThatIsNoMacAddress(final String text) {
        assertEquals("not a MAC address like 52:54:00:12:34:56: " + text,
            assertThrows(IllegalArgumentException.class, () -> MacAddress.parse(text)).getMessage());
    }

    @Test
    void shouldTellGroupsFromStations() {
        assertTrue(MacAddress.isMulticast(MacAddress.parse("01:00:5e:00:00:01")));
        assertTrue(MacAddress.isMulticast(MacAddress.BROADCAST));
        assertFalse(MacAddress.isMulticast(MacAddress.parse("52:54:00:12:34:56")));
        assertTrue(MacAddress.isUnicast(MacAddress.parse("52:54:00:12:34:56")));
        assertFalse(MacAddress.isUnicast(MacAddress.parse("33:33:00:00:00:01")));
        assertFalse(MacAddress.isUnicast(0));
        assertTrue(MacAddress.isBroadcast(MacAddress.parse("ff:ff:ff:ff:ff:ff")));
        assertFalse(MacAddress.isBroadcast(MacAddress.parse("ff:ff:ff:ff:ff:fe")));
        assertTrue(MacAddress.isLocal(MacAddress.parse("52:54:00:12:34:56")));
        assertFalse(MacAddress.isLocal(MacAddress.parse("00:1b:21:12:34:56")));
    }

    @Test
    void shouldReadAndWriteAnIpv4Address() {
        assertEquals(0x0A00_0001, Ipv4Address.parse("10.0.0.1"));
        assertEquals(-1, Ipv4Address.parse("255.255.255.255"));
        assertEquals("192.168.0.199", Ipv4Address.format(0xC0A8_00C7));
        assertTrue(Ipv4Address.isMulticast(Ipv4Address.parse("239.1.2.3")));
        assertFalse(Ipv4Address.isMulticast(Ipv4Address.parse("240.0.0.1")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.0", "10.0.0.1.2", "10.0.0.256", "10.0.0.01", "10.0.0.-1", "10.0.0.1 ", "a.b.c.d",
        "10..0.1", "10.0.0.9999999999"})
    void shouldRefuseTextThatIsNoIpv4Address(final String text) {
        assertThrows(IllegalArgumentException.class, () -> Ipv4Address.parse(text));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.ConfigurationException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whoever may ask for a trace may send any text. */
class FilterFuzzTest {
    private static final int TEXTS = 50_000;
    private static final String[] PIECES = {"host ", "net ", "port ", "portrange ", "proto ", "src ", "dst ", "or ",
        "and ", "not ", "! ", "&& ", "|| ", "( ", ") ", "less ", "greater ", "vlan ", "ether ", "ip ", "ip6 ", "arp ",
        "tcp ", "udp ", "icmp ", "mask ", "10.0.0.1 ", "10.0.0.0/8 ", "10.1 ", "fe80::1 ", "::/0 ", "::ffff:1.2.3.4 ",
        "/", "-", ":", ".", "02:00:00:00:00:0a ", "0 ", "80 ", "0x", "65536 ", "99999999999 ", "\\ip ", "\\", " ", "\n",
        "\0", "\u00fc", "\ud800", "\u0661 ", "[13] ", "%"};

    private final Random random = new Random(4);

    private String text() {
        final StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(12); n >= 0; n--) {
            text.append(random.nextInt(20) == 0 ? (char) random.nextInt(1 << 16) + ""
                : PIECES[random.nextInt(PIECES.length)]);
        }
        return text.toString();
    }

    @Test
    void shouldReadGarbageOrSayWhatIsWrongInOneLine() {
        int read = 0;
        for (int i = 0; i < TEXTS; i++) {
            final String text = text();
            try {
                final String normal = PacketFilter.compile(text).toString();
                assertEquals(normal, PacketFilter.compile(normal).toString(), text);
                read++;
            } catch (final ConfigurationException e) {
                assertTrue(e.getMessage().matches("[ -~]+"), e.getMessage());
            }
        }
        assertTrue(read > TEXTS / 1000 && read < TEXTS / 2, "both outcomes: " + read);
    }

    @Test
    void shouldReadFiltersThatWereDamagedOrSayWhatIsWrong() {
        final RandomFilters filters = new RandomFilters(random);
        for (int i = 0; i < TEXTS / 10; i++) {
            final StringBuilder text = new StringBuilder(filters.next());
            for (int n = random.nextInt(3); n >= 0 && text.length() > 0; n--) {
                final int at = random.nextInt(text.length());
                text.replace(at, Math.min(text.length(), at + random.nextInt(3)),
                    PIECES[random.nextInt(PIECES.length)]);
            }
            try {
                PacketFilter.compile(text.toString());
            } catch (final ConfigurationException e) {
                assertTrue(e.getMessage().matches("[ -~]+"), e.getMessage());
            }
        }
    }
}

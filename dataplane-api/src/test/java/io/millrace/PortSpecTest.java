/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Ports as they are written, and the sentence for each way to write them wrongly. */
class PortSpecTest {
    private static LoopbackType.Loopback loopback(final String text) {
        return (LoopbackType.Loopback) PortType.parse(text);
    }

    @Test
    void shouldTakeAPortApart() {
        final PortSpec spec = PortSpec.parse("vhost-user:/run/vm0.sock,queues=2,client,name=a=b");
        assertEquals("vhost-user", spec.type());
        assertEquals("/run/vm0.sock", spec.target());
        assertEquals(2, spec.number("queues", 1, 128, 1));
        assertEquals("a=b", spec.option("name", ""));
        assertTrue(spec.flag("client"));
        assertFalse(spec.flag("server"));
        spec.end();
        assertEquals("vhost-user:/run/vm0.sock,queues=2,client,name=a=b", spec.toString());
    }

    @Test
    void shouldAllowNoTargetAndNoOptions() {
        final PortSpec spec = PortSpec.parse("loopback:");
        assertEquals("", spec.target());
        spec.end();
    }

    @Test
    void shouldKeepColonsInTheTarget() {
        assertEquals("/run/a:b", PortSpec.parse("tap:/run/a:b").target());
    }

    @Test
    void shouldGiveTheDefaultsOfOptionsThatAreNotThere() {
        final PortSpec spec = PortSpec.parse("tap:t0");
        assertEquals(3, spec.number("queues", 1, 8, 3));
        assertEquals("none", spec.option("name", "none"));
    }

    @Test
    void shouldFindTheDriverOfAType() {
        assertEquals(new LoopbackType.Loopback("x", 2, "y", true), loopback("loopback:x,queues=2,peer=y,fast"));
        assertEquals(new LoopbackType.Loopback("x", 1, "self", false), loopback("loopback:x"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "/run/vm0.sock | the port \"/run/vm0.sock\" has no type: write it like vhost-user:/run/vm0.sock",
        ":/run/vm0.sock | the port \":/run/vm0.sock\" has no type: write it like vhost-user:/run/vm0.sock",
        "loop:x | no port type is named loop (in \"loop:x\"): there are loopback",
        "loopback:x, | the port \"loopback:x,\" has an empty option",
        "loopback:x,,fast | the port \"loopback:x,,fast\" has an empty option",
        "loopback:x,=2 | the port \"loopback:x,=2\" has an empty option",
        "loopback:x,fast,fast | the port \"loopback:x,fast,fast\" has the option fast twice",
        "loopback:x,fast=yes | the option fast of port \"loopback:x,fast=yes\" takes no value",
        "loopback:x,peer | the option peer of port \"loopback:x,peer\" needs a value",
        "loopback:x,peer= | the option peer of port \"loopback:x,peer=\" needs a value",
        "loopback:x,queues=x | the option queues of port \"loopback:x,queues=x\" is a whole number from 1 to 8, not x",
        "loopback:x,queues=0 | the option queues of port \"loopback:x,queues=0\" is a whole number from 1 to 8, not 0",
        "loopback:x,queues=9 | the option queues of port \"loopback:x,queues=9\" is a whole number from 1 to 8, not 9",
        "loopback:x,queue=2 | the port \"loopback:x,queue=2\" has no option queue: loopback knows fast, peer, queues",
    })
    void shouldSayInOneSentenceWhatIsWrong(final String text, final String sentence) {
        assertEquals(sentence, assertThrows(ConfigurationException.class, () -> PortType.parse(text)).getMessage());
    }

    @Test
    void shouldSayThatATypeKnowsNoOptions() {
        final PortSpec spec = PortSpec.parse("null:,fast");
        assertEquals("the port \"null:,fast\" has no option fast: null knows none",
            assertThrows(ConfigurationException.class, spec::end).getMessage());
    }

    @Test
    void shouldRefuseNumbersBeyondAnInt() {
        final PortSpec spec = PortSpec.parse("tap:t0,size=99999999999");
        assertThrows(ConfigurationException.class, () -> spec.number("size", 0, Integer.MAX_VALUE, 1));
    }
}

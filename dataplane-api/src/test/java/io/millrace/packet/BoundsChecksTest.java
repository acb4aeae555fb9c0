/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.packet;

import io.millrace.ChildJvm;
import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** The switch that is read once per JVM. */
class BoundsChecksTest {
    /** Reads behind the end of a packet, where there is memory all the same. */
    static final class Main {
        private Main() {
        }

        public static void main(final String[] arguments) {
            try (Bytes memory = Bytes.hex("00".repeat(12) + "0800")) {
                final Ethernet ethernet = new Ethernet();
                ethernet.wrap(memory.address(), 12, 0);
                System.out.println(ethernet.type());
            } catch (final IndexOutOfBoundsException e) {
                System.out.println("out of bounds");
            }
        }
    }

    private static String outcome(final String... options) throws Exception {
        return ChildJvm.run(Main.class, List.of(options)).trim();
    }

    @Test
    void shouldCheckBoundsUnlessTold() throws Exception {
        assertEquals("out of bounds", outcome());
        assertEquals("out of bounds", outcome("-Dmillrace.bounds.checks=true"));
    }

    @Test
    void shouldNotCheckBoundsWhenTold() throws Exception {
        assertEquals(Integer.toString(EtherType.IPV4), outcome("-Dmillrace.bounds.checks=false"));
    }
}

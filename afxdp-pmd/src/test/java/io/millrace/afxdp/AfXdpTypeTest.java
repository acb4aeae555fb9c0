/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.ConfigurationException;
import io.millrace.PortType;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a port is written on a command line. */
class AfXdpTypeTest {
    private static AfXdp parse(final String text) {
        return (AfXdp) PortType.parse(text);
    }

    @Test
    void shouldHaveDefaults() {
        final AfXdp driver = parse("afxdp:eth0");
        assertEquals("eth0", driver.device());
        assertEquals("eth0", driver.name());
        assertEquals(AfXdp.ALL_QUEUES, driver.queues());
        assertEquals(Mode.AUTO, driver.mode());
        assertEquals(Filter.all(), driver.filter());
        assertTrue(driver.isPromiscuous() && driver.isReopening() && driver.isMultiBuffer()
            && driver.needsWakeupFlag());
        assertFalse(driver.isBusyPolling());
    }

    @Test
    void shouldReadEveryOption() {
        final AfXdp driver = parse("afxdp:eth0,queues=2,mode=zero-copy,filter=udp:4789,map=/sys/fs/bpf/m,netns=blue,"
            + "size=512,name=nic,promisc=off,busy-poll=64,busy-micros=30,wakeup=off,multi-buffer=off,reopen=off");
        assertEquals(2, driver.queues());
        assertEquals(Mode.ZERO_COPY, driver.mode());
        assertEquals(Filter.udpPort(4789), driver.filter());
        assertEquals(Path.of("/sys/fs/bpf/m"), driver.map());
        assertEquals("blue", driver.namespace());
        assertEquals(512, driver.ringSize());
        assertEquals("nic", driver.name());
        assertFalse(driver.isPromiscuous() || driver.isReopening() || driver.isMultiBuffer()
            || driver.needsWakeupFlag());
        assertEquals(64, driver.busyPollBudget());
        assertEquals(30, driver.busyPollMicros());
    }

    @ParameterizedTest
    @ValueSource(strings = {"afxdp:", "afxdp:a name", "afxdp:longer-than-fifteen", "afxdp:a/b", "afxdp:eth0,queues=0",
        "afxdp:eth0,queues=257", "afxdp:eth0,mode=fast", "afxdp:eth0,size=1000", "afxdp:eth0,size=32",
        "afxdp:eth0,promisc=yes", "afxdp:eth0,filter=nonsense", "afxdp:eth0,busy-poll=-1", "afxdp:eth0,name=a b",
        "afxdp:eth0,speed=10"})
    void shouldRefuseWhatMakesNoSense(final String text) {
        assertThrows(ConfigurationException.class, () -> parse(text));
    }

    @Test
    void shouldMakeANameOfTheDevices() {
        assertEquals("eth0-1", AfXdp.device("eth0:1").name());
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** What this kernel allows, and what it leaves behind when it was asked. */
class KernelAccessTest {
    @Test
    void shouldAllowXdpSocketsOnlyToThoseWithTheRight() throws Exception {
        Needs.that(KernelAccess.xdpSocket() == 0, "CAP_NET_RAW and a kernel with CONFIG_XDP_SOCKETS");
        assertEquals(Errno.EPERM, TestCalls.withoutCapabilities(KernelAccess::xdpSocket));
    }

    @Test
    void shouldAnswerAboutIoUring() {
        assertTrue(Set.of(0, Errno.EPERM, Errno.ENOSYS, Errno.ENOMEM).contains(KernelAccess.ioUring()));
    }

    @Test
    void shouldLeaveNoDescriptors() {
        KernelAccess.ioUring();
        KernelAccess.xdpSocket();
        final int before = TestCalls.openFds();
        for (int i = 0; i < 10; i++) {
            KernelAccess.ioUring();
            KernelAccess.xdpSocket();
        }
        TestCalls.assertNoneLeftOpen(before);
    }
}

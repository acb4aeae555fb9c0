/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** How a missing or wrong /dev/vhost-net is refused. With the real one it is tested in a guest, by the examples. */
class VhostNetTest {
    private static final int ENOTTY = 25;

    @TempDir
    Path folder;

    @Test
    void shouldSayThatTheModuleIsMissing() {
        final LinuxException refusal =
            assertThrows(LinuxException.class, () -> VhostNet.open(folder.resolve("vhost-net")));
        assertEquals(Errno.ENOENT, refusal.errno());
        assertTrue(refusal.getMessage().contains("load it (modprobe vhost_net)"), refusal.getMessage());
    }

    @Test
    void shouldSayWhatADeviceThatIsNoneRefuses() throws IOException {
        try (VhostNet file = VhostNet.open(Files.createFile(folder.resolve("vhost-net")))) {
            assertRefused("become the owner of a vhost-net device: ENOTTY", file::own);
            assertRefused("ask a vhost-net device for its features: ENOTTY", file::features);
            assertRefused("negotiate features 0x100000000 with a vhost-net device: ENOTTY",
                () -> file.accept(1L << 32));
            assertRefused("share memory with a vhost-net device: ENOTTY",
                () -> file.memory(new VhostNet.Region(0, 4096, 4096)));
            assertRefused("stop ring 1 of a vhost-net device: ENOTTY", () -> file.detach(VhostNet.TX));
        }
    }

    private static void assertRefused(final String sentence, final Runnable call) {
        final LinuxException refusal = assertThrows(LinuxException.class, call::run);
        assertEquals(ENOTTY, refusal.errno());
        assertTrue(refusal.getMessage().startsWith(sentence), refusal.getMessage());
    }
}

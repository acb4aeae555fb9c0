/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DoctorTest {
    @TempDir
    private Path root;

    private Finding finding(final String subject) {
        return new Doctor(root, root.resolve("bin").toString()).findings().stream()
            .filter(finding -> finding.subject().equals(subject)).findFirst().orElseThrow();
    }

    private void write(final String file, final String text) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        Files.writeString(root.resolve(file), text);
    }

    @Test
    void shouldFindNothingBrokenWhereTheTestsRun() {
        assertEquals(List.of(), Doctor.ofThisMachine().findings().stream()
            .filter(finding -> finding.state() == Finding.State.BROKEN).toList());
    }

    @Test
    void shouldLookAtEachThingOnce() {
        final Set<String> subjects = new HashSet<>();
        for (final Finding finding : Doctor.ofThisMachine().findings()) {
            assertTrue(subjects.add(finding.subject()), finding.subject());
        }
    }

    @Test
    void shouldNameTheMendOfWhatIsMissing() {
        for (final Finding finding : new Doctor(root, "").findings()) {
            assertEquals(finding.state() == Finding.State.OK, finding.mend().isEmpty(), finding.text());
        }
    }

    @Test
    void shouldFindACommandOnThePathOnlyIfItCanBeRun() throws IOException {
        write("bin/dpdk-testpmd", "");
        assertEquals(Finding.State.LACKING, finding("DPDK").state());
        assertTrue(root.resolve("bin/dpdk-testpmd").toFile().setExecutable(true));
        assertEquals(Finding.State.OK, finding("DPDK").state());
    }

    @Test
    void shouldJudgeTheLimitOfOpenFiles() throws IOException {
        write("proc/self/limits", "Max open files            256                  4096                 files\n");
        assertEquals(Finding.State.LACKING, finding("open files").state());
        write("proc/self/limits", "Max open files            unlimited            unlimited            files\n");
        assertEquals(Finding.State.OK, finding("open files").state());
    }

    @Test
    void shouldPrintTheMendOnALineOfItsOwn() {
        final String text = Finding.lacking("tap", "no device", "modprobe tun").text();
        assertEquals(List.of("--  tap            no device", " ".repeat(19) + "-> modprobe tun"),
            text.lines().toList());
        assertFalse(Finding.ok("tap", "there").text().contains("->"));
    }
}

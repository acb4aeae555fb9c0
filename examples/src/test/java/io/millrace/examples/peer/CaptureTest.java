/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge of the other tests: it has to find what it is there to find. */
@Tag("peer")
final class CaptureTest {
    private static final String KNOWN = "02:00:00:00:00:01";
    private static final int CHECKSUM_IN_IP = 10;
    private static final int SOURCE = 6;

    @TempDir
    static Path folder;

    @BeforeAll
    static void requirePeers() {
        Peer.require(Peer.TSHARK);
    }

    @Test
    void shouldPassWhatIsAsItShouldBe() {
        final List<Capture.Frame> frames = read(TaggedPing.request(KNOWN, KNOWN, 5, 7));
        assertDoesNotThrow(() -> Capture.mustBeClean(frames, Set.of(KNOWN), 1500, 0));
        assertEquals("5", frames.get(0).vlan());
        assertEquals("8", frames.get(0).icmpType());
        assertEquals("7", frames.get(0).icmpSequence());
    }

    @Test
    void shouldFindABadChecksum() {
        final byte[] frame = TaggedPing.request(KNOWN, KNOWN, 5, 0);
        frame[TaggedPing.IP + CHECKSUM_IN_IP] ^= 1;
        assertFails("1 have a bad checksum", frame);
    }

    @Test
    void shouldFindABadChecksumInThePayload() {
        final byte[] frame = TaggedPing.request(KNOWN, KNOWN, 5, 0);
        frame[frame.length - 1] ^= 1;
        assertFails("1 have a bad checksum", frame);
    }

    @Test
    void shouldFindAStranger() {
        final byte[] frame = TaggedPing.request(KNOWN, KNOWN, 5, 0);
        frame[SOURCE + 5] ^= 2;
        assertFails("1 come from none of", frame);
    }

    @Test
    void shouldFindAFrameThatIsTooLong() {
        final List<Capture.Frame> frames = read(TaggedPing.request(KNOWN, KNOWN, 5, 0));
        final int mtu = frames.get(0).length() - 18;
        assertDoesNotThrow(() -> Capture.mustBeClean(frames, Set.of(KNOWN), mtu, 0));
        assertThrows(AssertionError.class, () -> Capture.mustBeClean(frames, Set.of(KNOWN), mtu - 1, 0));
    }

    @Test
    void shouldNotPassAnEmptyRecording() {
        assertThrows(AssertionError.class, () -> Capture.mustBeClean(List.of(), Set.of(KNOWN), 1500, 1));
    }

    private static void assertFails(final String text, final byte[] frame) {
        final List<Capture.Frame> frames = read(frame);
        final AssertionError error =
            assertThrows(AssertionError.class, () -> Capture.mustBeClean(frames, Set.of(KNOWN), 1500, 0));
        assertTrue(error.getMessage().contains(text), error.getMessage());
    }

    private static List<Capture.Frame> read(final byte[] frame) {
        final Path file = folder.resolve("frames.pcap");
        Pcap.write(file, List.of(frame));
        return Capture.read(file);
    }
}

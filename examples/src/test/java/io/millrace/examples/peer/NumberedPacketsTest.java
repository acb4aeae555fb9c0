/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge of the other tests has to see what it is there to see. */
final class NumberedPacketsTest {
    private final NumberedPackets packets = new NumberedPackets(4, 10, 60, 1514);
    private final List<byte[]> echoed = new ArrayList<>();

    @TempDir
    private Path folder;

    NumberedPacketsTest() {
        packets.ofQueue(0, 1).forEach(packet -> echoed.add(swapped(packet)));
    }

    @Test
    void shouldAcceptAnEchoThatWentThroughAFile() {
        final Path file = folder.resolve("echo.pcap");
        Pcap.write(file, echoed);
        packets.verifyEchoed(List.of(Pcap.read(file)));
    }

    @Test
    void shouldAcceptFlowsOnDifferentQueues() {
        final List<List<byte[]>> queues = List.of(new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < echoed.size(); i++) {
            queues.get(i % 2).add(echoed.get(i));
        }
        packets.verifyEchoed(queues);
    }

    @Test
    void shouldNoticeALoss() {
        echoed.remove(7);
        mustBeRefused("was due");
    }

    @Test
    void shouldNoticeALossAtTheEnd() {
        echoed.remove(echoed.size() - 1);
        mustBeRefused("only 9 of 10");
    }

    @Test
    void shouldNoticeADuplicate() {
        echoed.add(8, echoed.get(7));
        mustBeRefused("was due");
    }

    @Test
    void shouldNoticeAnExchangeWithinAFlow() {
        echoed.set(3, echoed.set(7, echoed.get(3)));
        mustBeRefused("was due");
    }

    @Test
    void shouldNoticeAChangedByte() {
        echoed.get(5)[echoed.get(5).length - 1] ^= 1;
        mustBeRefused("first difference at");
    }

    @Test
    void shouldNoticeAPacketCutShort() {
        echoed.set(5, Arrays.copyOf(echoed.get(5), 59));
        mustBeRefused("59 bytes of");
    }

    @Test
    void shouldNoticeAddressesThatWereNotSwapped() {
        echoed.set(0, swapped(echoed.get(0)));
        mustBeRefused("first difference at 0");
    }

    private void mustBeRefused(final String why) {
        final AssertionError refusal = assertThrows(AssertionError.class, () -> packets.verifyEchoed(List.of(echoed)));
        assertTrue(refusal.getMessage().contains(why), refusal.getMessage());
    }

    private static byte[] swapped(final byte[] packet) {
        final byte[] result = packet.clone();
        System.arraycopy(packet, 0, result, 6, 6);
        System.arraycopy(packet, 6, result, 0, 6);
        return result;
    }
}

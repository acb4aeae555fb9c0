/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.pipeline.Until;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class CaptureTest {
    private static final int BURST = 10;

    @TempDir
    private Path folder;
    private final Counters counters = Counters.inMemory();
    private final Multicast multicast = Multicast.create("m", counters, 1024, 256);
    private final NumberedPackets packets = new NumberedPackets(BURST);
    private final WireProbe first = multicast.probe("w", "vm0-switch", "port vm0 -> node switch", null);
    private final WireProbe second = multicast.probe("w", "switch-vm1", "", null);

    @AfterEach
    void closeAll() {
        packets.close();
        counters.close();
    }

    private static void awaitEnd(final Capture capture) {
        Until.isTrue(capture::isDone, () -> "still capturing after " + capture.packets());
    }

    private static void end(final Capture capture) {
        capture.close();
        assertTrue(capture.isDone());
    }

    private static long number(final PcapngFile.Packet packet) {
        return ByteBuffer.wrap(packet.bytes()).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    @Test
    void shouldWriteWhatPassed() throws IOException {
        final Path file = folder.resolve("a.pcapng");
        final long beforeNs = System.currentTimeMillis() * 1_000_000;
        try (Capture capture = Capture.of(multicast).to(file).start()) {
            first.observe(packets.next());
            second.observe(packets.next());
            first.observe(packets.next());
            end(capture);
            assertNull(capture.failure());
            assertEquals(30, capture.packets());
        }
        final PcapngFile read = PcapngFile.read(file);
        assertEquals(List.of("vm0-switch", "switch-vm1"), List.of(read.name(0), read.name(1)));
        assertEquals("port vm0 -> node switch", read.description(0));
        assertEquals(30, read.packets.size());
        for (int i = 0; i < 30; i++) {
            final PcapngFile.Packet packet = read.packets.get(i);
            assertEquals(i, number(packet));
            assertEquals(i / BURST == 1 ? 1 : 0, packet.iface());
            assertEquals(NumberedPackets.length(i), packet.length());
            assertEquals(Math.min(256, packet.length()), packet.bytes().length);
            assertEquals(packet.iface() == 0 ? "port vm0 -> node switch" : "", packet.comment());
            assertTrue(Math.abs(packet.epochNs() - beforeNs) < TimeUnit.MINUTES.toNanos(1));
            assertTrue(i == 0 || packet.epochNs() >= read.packets.get(i - 1).epochNs());
        }
        assertEquals(20, read.received(0));
        assertEquals(10, read.received(1));
        assertEquals(0, read.dropped(0));
        assertEquals("rw-------", PosixFilePermissions.toString(
            Files.getPosixFilePermissions(file)));
    }

    @Test
    void shouldWriteWhatWiresharkReads() throws Exception {
        Needs.program("tshark", "tshark");
        final Path file = folder.resolve("b.pcapng");
        try (Capture capture = Capture.of(multicast).to(file).comment(copy -> "no. " + copy.number()).start()) {
            first.observe(packets.next());
            second.observe(packets.next());
            end(capture);
        }
        final List<String> lines = output("tshark", "-r", file.toString(), "-T", "fields", "-e",
            "frame.interface_name", "-e", "frame.comment", "-e", "frame.len", "-e", "frame.cap_len");
        assertEquals(20, lines.size(), lines::toString);
        for (int i = 0; i < 20; i++) {
            assertEquals(String.join("\t", i < BURST ? "vm0-switch" : "switch-vm1", "no. " + i % BURST,
                "" + NumberedPackets.length(i), "" + Math.min(256, NumberedPackets.length(i))), lines.get(i));
        }
        final String info = String.valueOf(output("capinfos", "-M", file.toString()));
        assertTrue(info.contains("Number of packets:   20") && info.contains("Number of interfaces in file: 2")
            && info.contains("Name = vm0-switch") && info.contains("Description = port vm0 -> node switch")
            && info.contains("Time resolution = 0x09") && info.contains("Number of stat entries = 1"), info);
    }

    private static List<String> output(final String... command) throws Exception {
        final Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        final List<String> lines = new String(process.getInputStream().readAllBytes()).lines().toList();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), lines::toString);
        return lines;
    }

    @Test
    void shouldLetOthersReadWhileItRuns() throws IOException {
        final Path file = folder.resolve("c.pcapng");
        try (Capture capture = Capture.of(multicast).to(file).start()) {
            for (int n = 10; n <= 30; n += 10) {
                first.observe(packets.next());
                final int expected = n;
                Until.isTrue(() -> packetsIn(file) == expected, () -> expected + " packets are not in the file");
                assertFalse(capture.isDone());
            }
        }
    }

    private static int packetsIn(final Path file) {
        try {
            return Files.size(file) == 0 ? 0 : PcapngFile.read(file).packets.size();
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldEndAfterSoManyThatPassTheFilter() throws IOException {
        final Path file = folder.resolve("d.pcapng");
        try (Capture capture = Capture.of(multicast).to(file).snap(32).count(12)
            .filter(copy -> UnsafeApi.getLong(copy.address()) % 2 == 1).start()) {
            for (int i = 0; i < 3; i++) {
                first.observe(packets.next());
            }
            awaitEnd(capture);
            first.observe(packets.next());
            assertEquals(12, capture.packets());
        }
        final PcapngFile read = PcapngFile.read(file);
        assertEquals(12, read.packets.size());
        assertEquals(32, read.snapLengths.get(0));
        for (int i = 0; i < 12; i++) {
            assertEquals(2 * i + 1, number(read.packets.get(i)));
            assertEquals(32, read.packets.get(i).bytes().length);
        }
        assertEquals(24, read.received(0));
    }

    /** Takes nothing while the test does not want it to. */
    private static final class SlowStream extends OutputStream {
        final ByteArrayOutputStream written = new ByteArrayOutputStream();
        final CountDownLatch isWritten = new CountDownLatch(2);
        final CountDownLatch mayGoOn = new CountDownLatch(1);

        @Override
        public void write(final int b) {
            throw new AssertionError("byte by byte");
        }

        @Override
        public void write(final byte[] bytes, final int from, final int length) throws IOException {
            written.write(bytes, from, length);
            isWritten.countDown();
            if (isWritten.getCount() == 0) {
                try {
                    mayGoOn.await();
                } catch (final InterruptedException e) {
                    throw new IOException(e);
                }
            }
        }
    }

    @Test
    void shouldSayWhatIsMissingAndWhere() throws Exception {
        final SlowStream stream = new SlowStream();
        try (Capture capture = Capture.of(multicast).to(stream).start()) {
            first.observe(packets.next());
            assertTrue(stream.isWritten.await(60, TimeUnit.SECONDS));
            // Whatever it has read of the first burst so far: the ring goes round twice meanwhile.
            for (int i = 0; i < 200; i++) {
                first.observe(packets.next());
                second.observe(packets.next());
            }
            stream.mayGoOn.countDown();
            Until.isTrue(() -> capture.packets() + capture.lost() == 10 + 400 * BURST, () -> "left over");
            first.observe(packets.next());
            second.observe(packets.next());
            end(capture);
            final long lost = capture.lost();
            assertTrue(lost > 1000, () -> "lost " + lost);
            final PcapngFile read = new PcapngFile(ByteBuffer.wrap(stream.written.toByteArray())
                .order(ByteOrder.LITTLE_ENDIAN));
            assertEquals(10 + 402 * BURST - lost, read.packets.size());
            final long marked = read.packets.stream().mapToLong(PcapngFile.Packet::dropped).sum();
            assertEquals(marked, read.dropped(0) + read.dropped(1));
            assertEquals(10 + 201 * BURST, read.received(0));
            // The second wire's first packets were lost before its capture could know of it.
            assertTrue(marked <= lost && read.dropped(0) >= lost / 2 - BURST, () -> marked + " of " + lost);
        }
    }

    @Test
    void shouldEndAloneWhenTheDiskIsFull() throws IOException {
        final Path full = Path.of("/dev/full");
        final Path file = folder.resolve("other.pcapng");
        try (Capture broken = Capture.of(multicast).named("broken").to(full).start();
             Capture other = Capture.of(multicast).named("other").to(file).start()) {
            awaitEnd(broken);
            assertEquals("capture broken stopped: no space is left for /dev/full: free some and start it again",
                broken.failure());
            first.observe(packets.next());
            end(other);
            assertNull(other.failure());
            assertEquals(10, PcapngFile.read(file).packets.size());
        }
    }

    @Test
    void shouldEndWhenNobodyReadsItsPipeAnyMore() throws Exception {
        final Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        final Process reader = new ProcessBuilder("head", "-c", "100", pipe.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try (Capture capture = Capture.of(multicast).to(pipe).start()) {
            Until.isTrue(() -> {
                first.observe(packets.next());
                return capture.isDone();
            }, () -> "it goes on after " + capture.packets());
            assertEquals("capture capture stopped: whoever read " + pipe + " has ended: start it again with its reader",
                capture.failure());
            assertTrue(capture.await(Duration.ZERO));
        } finally {
            assertTrue(reader.waitFor(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void shouldSayWhatCannotBe() {
        final CaptureBuilder builder = Capture.of(multicast);
        assertEquals("a capture needs a target: say to(path) or to(stream)",
            assertThrows(ConfigurationException.class, builder::start).getMessage());
        builder.to(folder.resolve("no/such/file"));
        assertEquals("cannot write to " + folder + "/no/such/file (no such folder): choose a file in a folder that "
            + "exists and that you may write to",
            assertThrows(ConfigurationException.class, builder::start).getMessage());
        assertThrows(ConfigurationException.class, () -> builder.snap(0));
        assertThrows(ConfigurationException.class, () -> builder.count(0));
        // The failures above have left no subscriber behind.
        try (Capture capture = builder.to(folder.resolve("x")).start()) {
            assertThrows(ConfigurationException.class, builder::start);
            assertNull(capture.failure());
        }
    }
}

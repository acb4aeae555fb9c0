/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What arrives at a device of a namespace, recorded by tcpdump until {@link #finish()}, and judged by tshark: a second
 * opinion on checksums from a program that knows nothing of ours.
 */
final class Capture implements AutoCloseable {
    // Each frame takes as much of the buffer as the largest would: here a few thousand go in.
    private static final String BUFFER_KIB = "262144";
    private static final String LARGEST = "66000";
    private static final Duration START_LIMIT = Duration.ofSeconds(20);
    private static final Duration READ_LIMIT = Duration.ofSeconds(120);
    /** In the order in which tshark prints them; absent ones are empty. */
    private static final List<String> FIELDS = List.of("frame.number", "eth.src", "eth.dst", "vlan.id", "icmp.type",
        "icmp.seq", "_ws.col.Protocol", "frame.len", "ip.checksum.status", "tcp.checksum.status",
        "udp.checksum.status", "icmp.checksum.status");
    /** Ethernet's, with a VLAN tag. */
    private static final int HEADER = 18;
    private static final int FIRST_STATUS = 8;

    private final ChildProcess recorder;
    private final Path file;

    private Capture(final ChildProcess recorder, final Path file) {
        this.recorder = recorder;
        this.file = file;
    }

    /**
     * One frame as tshark read it.
     *
     * @param vlan the VLAN's number, or empty
     * @param icmpType ICMP's type, or empty
     * @param checksums how the checksums of IP, TCP, UDP and ICMP are: 0 or Bad, 1 or Good, others unknown
     */
    record Frame(int number, String source, String destination, String vlan, String icmpType, String icmpSequence,
        String protocol, int length, List<String> checksums) {
        private boolean isBad() {
            return checksums.stream().anyMatch(status -> status.equals("0") || status.equals("Bad"));
        }

        private boolean isGood(final int checksum) {
            return checksums.get(checksum).equals("1") || checksums.get(checksum).equals("Good");
        }
    }

    /** Records what {@code device} of {@code namespace} receives, and nothing that it sends, in {@code file}. */
    static Capture inbound(final NetLab.Namespace namespace, final String device, final Path file) {
        // Not the filter "inbound", which overlooks frames with a VLAN tag.
        final ChildProcess recorder = namespace.start("tcpdump", List.of("tcpdump", "-n", "-Z", "root", "-i", device,
            "-Q", "in", "--immediate-mode", "-s", LARGEST, "-B", BUFFER_KIB, "-w", file.toString()));
        recorder.await("listening on ", START_LIMIT);
        return new Capture(recorder, file);
    }

    /** Ends the recording; none of the frames so far may have been missed. */
    List<Frame> finish() {
        recorder.terminate();
        if (recorder.exitCode(START_LIMIT) != 0 || !recorder.output().contains("\n0 packets dropped by kernel")) {
            throw new AssertionError("tcpdump failed:\n" + recorder.output());
        }
        return read(file);
    }

    /**
     * Fails unless every frame comes from one of {@code sources} with right checksums and is no longer than {@code mtu}
     * allows, and there are at least {@code fewest} of TCP and of UDP each with a checksum that was checked.
     */
    static void mustBeClean(final List<Frame> frames, final Set<String> sources, final int mtu, final int fewest) {
        final List<Frame> bad = frames.stream().filter(Frame::isBad).toList();
        final List<Frame> strange = frames.stream().filter(frame -> !sources.contains(frame.source)).toList();
        final List<Frame> large = frames.stream().filter(frame -> frame.length > HEADER + mtu).toList();
        final long tcp = frames.stream().filter(frame -> frame.isGood(1)).count();
        final long udp = frames.stream().filter(frame -> frame.isGood(2)).count();
        if (!bad.isEmpty() || !strange.isEmpty() || !large.isEmpty() || tcp < fewest || udp < fewest) {
            throw new AssertionError("of " + frames.size() + " frames " + bad.size() + " have a bad checksum, "
                + strange.size() + " come from none of " + sources + ", " + large.size()
                + " are too long for an MTU of " + mtu + ", and good ones of TCP are " + tcp + ", of UDP "
                + udp + "; bad: " + bad.stream().limit(5).toList() + "; from others: "
                + strange.stream().limit(5).toList());
        }
    }

    /** Reads a file, with every checksum checked. */
    static List<Frame> read(final Path file) {
        final List<String> command = new ArrayList<>(List.of("tshark", "-n", "-r", file.toString(),
            "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
            "-T", "fields", "-E", "separator=;", "-E", "occurrence=f"));
        FIELDS.forEach(field -> command.addAll(List.of("-e", field)));
        try {
            final Path text = Files.createTempFile("millrace-capture", ".txt");
            try {
                final Process tshark = new ProcessBuilder(command).redirectInput(Path.of("/dev/null").toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(text.toFile()).start();
                if (!tshark.waitFor(READ_LIMIT.toSeconds(), TimeUnit.SECONDS) || tshark.exitValue() != 0) {
                    tshark.destroyForcibly();
                    throw new AssertionError("tshark could not read " + file);
                }
                return Files.readAllLines(text, StandardCharsets.ISO_8859_1).stream().map(Capture::frame).toList();
            } finally {
                Files.delete(text);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while reading " + file, e);
        }
    }

    @Override
    public void close() {
        recorder.close();
    }

    private static Frame frame(final String line) {
        final String[] values = line.split(";", FIELDS.size());
        return new Frame(Integer.parseInt(values[0]), values[1], values[2], values[3], values[4], values[5], values[6],
            Integer.parseInt(values[7]), List.of(values).subList(FIRST_STATUS, FIELDS.size()));
    }
}

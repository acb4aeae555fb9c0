/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The host's end of a guest's second serial port: runs shell commands there one after another, see {@link GuestImage}
 * for the other end. One thread uses it; a reader thread of its own collects what the guest says.
 */
final class GuestConsole implements AutoCloseable {
    private static final String READY = "READY\n";

    private final String guest;
    private final SocketChannel channel;
    private final StringBuffer heard = new StringBuffer();
    private int number;

    /** Connects to QEMU's socket {@code path}, waiting for QEMU to make it. */
    GuestConsole(final String guest, final Path path, final Duration limit) {
        this.guest = guest;
        this.channel = connect(path, limit);
        final Thread reader = new Thread(this::read, guest + "-console");
        reader.setDaemon(true);
        reader.start();
    }

    /** How often the guest has come up so far. */
    int boots() {
        int boots = 0;
        for (int at = heard.indexOf(READY); at >= 0; at = heard.indexOf(READY, at + 1)) {
            boots++;
        }
        return boots;
    }

    /** Sends a command that will not answer, such as a reboot. */
    void send(final String command, final Duration limit) {
        final String line = ++number + " " + Math.max(1, limit.toSeconds()) + " " + command + "\n";
        final ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(guest + " takes no commands", e);
        }
    }

    /** Runs a command; the guest ends it after {@code limit}, and this fails when no answer comes soon after that. */
    Station.Result run(final String command, final Duration limit) {
        final int from = heard.length();
        send(command, limit);
        final Pattern end = Pattern.compile("(?s)(.*?)^END " + number + " (\\d+)$", Pattern.MULTILINE);
        final Matcher[] matcher = new Matcher[1];
        Until.holds(guest + " answers: " + command, limit.plusSeconds(10), () -> {
            matcher[0] = end.matcher(heard.substring(from));
            return matcher[0].find();
        });
        return new Station.Result(Integer.parseInt(matcher[0].group(2)), matcher[0].group(1));
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read() {
        final ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
        try {
            while (channel.read(bytes) >= 0) {
                bytes.flip();
                heard.append(StandardCharsets.ISO_8859_1.decode(bytes).toString().replace("\r", ""));
                bytes.clear();
            }
        } catch (final IOException e) {
            heard.append("\nconsole closed: ").append(e).append('\n');
        }
    }

    private static SocketChannel connect(final Path path, final Duration limit) {
        final SocketChannel[] connected = new SocketChannel[1];
        Until.holds("QEMU serves " + path, limit, () -> {
            try {
                final SocketChannel candidate = SocketChannel.open(StandardProtocolFamily.UNIX);
                try {
                    candidate.connect(UnixDomainSocketAddress.of(path));
                    connected[0] = candidate;
                } catch (final IOException e) {
                    candidate.close();
                }
            } catch (final IOException e) {
                throw new UncheckedIOException(e);
            }
            return connected[0] != null;
        });
        return connected[0];
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** QEMU's monitor, as management tools use it: a line of JSON asks, a line answers, and events come in between. */
final class Qmp implements AutoCloseable {
    private final SocketChannel channel;
    private final BufferedReader lines;

    private Qmp(final SocketChannel channel) {
        this.channel = channel;
        lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
    }

    /** Connects to the monitor at {@code path}, which is there. */
    static Qmp connect(final Path path) {
        try {
            final SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(path));
            final Qmp qmp = new Qmp(channel);
            qmp.lines.readLine();
            qmp.execute("qmp_capabilities", "{}");
            return qmp;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command, which must succeed, and answers the line that QEMU does. */
    String execute(final String command, final String arguments) {
        final String line = "{\"execute\": \"" + command + "\", \"arguments\": " + arguments + "}\n";
        try {
            final ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            String answer = lines.readLine();
            while (answer != null && answer.contains("\"event\":")) {
                answer = lines.readLine();
            }
            if (answer == null || answer.contains("\"error\":")) {
                throw new AssertionError(command + ": " + answer);
            }
            return answer;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

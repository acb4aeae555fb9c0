/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A client that sends what it likes, through the JDK's own sockets. */
final class RawClient implements AutoCloseable {
    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).limit(0);

    RawClient(final Path socket) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    RawClient send(final String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    RawClient send(final byte[] bytes) throws IOException {
        final ByteBuffer all = ByteBuffer.wrap(bytes);
        while (all.hasRemaining()) {
            channel.write(all);
        }
        return this;
    }

    RawClient finishSending() throws IOException {
        channel.shutdownOutput();
        return this;
    }

    /** The next line without its line break; null at the end. */
    String line() throws IOException {
        final StringBuilder line = new StringBuilder();
        while (true) {
            while (in.hasRemaining()) {
                final char next = (char) in.get();
                if (next == '\n') {
                    return line.toString();
                }
                line.append(next);
            }
            in.clear();
            final int bytes = channel.read(in);
            in.flip();
            if (bytes < 0) {
                return null;
            }
        }
    }

    /** Sends without waiting for room; whether it was sent. */
    boolean offer(final byte[] bytes) throws IOException {
        channel.configureBlocking(false);
        try {
            return channel.write(ByteBuffer.wrap(bytes)) == bytes.length;
        } finally {
            channel.configureBlocking(true);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}

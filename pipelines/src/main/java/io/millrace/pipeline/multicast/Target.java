/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Where a subscriber writes to: a file of its own, or a stream of somebody else. */
final class Target implements AutoCloseable {
    private final String name;
    private final WritableByteChannel channel;
    private final OutputStream stream;

    private Target(final String name, final WritableByteChannel channel, final OutputStream stream) {
        this.name = name;
        this.channel = channel;
        this.stream = stream;
    }

    /**
     * A file, emptied if it is there. A new one is for its owner only: packets are nobody else's business.
     *
     * @throws ConfigurationException if it cannot be written.
     */
    static Target file(final Path path) {
        try {
            return new Target(path.toString(), Files.newByteChannel(path,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))), null);
        } catch (final IOException e) {
            throw new ConfigurationException("cannot write to " + path + " (" + reason(e)
                + "): choose a file in a folder that exists and that you may write to");
        }
    }

    /** A stream, which stays open. */
    static Target stream(final OutputStream stream) {
        return new Target("its stream", Channels.newChannel(stream), stream);
    }

    void write(final ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        if (stream != null) {
            stream.flush();
        }
    }

    /** A sentence about what went wrong here, without its beginning. */
    String explain(final IOException e) {
        final String reason = reason(e);
        if (reason.contains("No space left")) {
            return "no space is left for " + name + ": free some and start it again";
        }
        if (reason.contains("Broken pipe") || reason.contains("Pipe closed")) {
            return "whoever read " + name + " has ended: start it again with its reader";
        }
        return "cannot write to " + name + " (" + reason + "): start it again with another target";
    }

    private static String reason(final IOException e) {
        final String reason = e instanceof FileSystemException file && file.getReason() != null ? file.getReason()
            : e.getMessage();
        return e instanceof NoSuchFileException ? "no such folder" : String.valueOf(reason);
    }

    @Override
    public void close() throws IOException {
        if (stream == null) {
            channel.close();
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.file.Path;

/** A path as the kernel wants it for sockets: a {@code struct sockaddr_un}. */
final class UnixAddress implements AutoCloseable {
    /** The most bytes a socket's path may have. */
    static final int MAX_PATH_LENGTH = 107;

    private static final int PATH_OFFSET = 2;

    private final Scratch memory;
    private final int length;

    /** @param attempted for the message if the path is too long. */
    UnixAddress(final Path path, final String attempted) {
        final byte[] bytes = Scratch.pathBytes(path.toString());
        if (bytes.length > MAX_PATH_LENGTH) {
            throw new LinuxException(attempted, Errno.ENAMETOOLONG, "the path has " + bytes.length
                + " bytes and a socket's may have " + MAX_PATH_LENGTH + "; choose a shorter one");
        }
        length = PATH_OFFSET + bytes.length + 1;
        memory = new Scratch(length);
        memory.putShort(0, UnixSocket.AF_UNIX);
        memory.putBytes(PATH_OFFSET, bytes);
    }

    long address() {
        return memory.address();
    }

    int length() {
        return length;
    }

    @Override
    public void close() {
        memory.close();
    }
}

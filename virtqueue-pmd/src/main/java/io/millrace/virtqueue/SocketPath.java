/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ConfigurationException;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** What can be a socket's path, and what a port on it is called unless it is given a name. */
final class SocketPath {
    private static final int MAX_BYTES = 107;
    private static final String SUFFIX = ".sock";
    private static final String NAME = "[A-Za-z0-9._-]{1,64}";

    private SocketPath() {
    }

    /**
     * Checks what can be checked without asking the file system.
     *
     * @throws ConfigurationException if it cannot be a socket's path.
     */
    static void check(final String path) {
        final int length = path.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0) {
            throw new ConfigurationException("a socket needs a path, such as /run/vm0.sock");
        }
        if (length > MAX_BYTES) {
            throw new ConfigurationException("the socket path " + path + " has " + length + " bytes, and "
                + MAX_BYTES + " are possible: use a shorter folder name");
        }
        try {
            Path.of(path);
        } catch (final InvalidPathException e) {
            throw new ConfigurationException("the socket path " + path + " cannot be one: " + e.getReason());
        }
    }

    /** The file's name without its ending, with a hyphen in place of what a port's name may not have. */
    static String portName(final String path) {
        final Path file = Path.of(path).getFileName();
        final String whole = file == null ? "" : file.toString();
        final String stem = whole.endsWith(SUFFIX) ? whole.substring(0, whole.length() - SUFFIX.length()) : whole;
        final String name = stem.replaceAll("[^A-Za-z0-9._-]", "-");
        return name.isEmpty() ? "vhost" : name.substring(0, Math.min(64, name.length()));
    }

    /**
     * Checks a name given to a port.
     *
     * @throws ConfigurationException if it cannot be one.
     */
    static String checkName(final String name) {
        if (!name.matches(NAME)) {
            throw new ConfigurationException(
                "the port name \"" + name + "\" is not 1 to 64 letters, digits, dots, hyphens or underscores");
        }
        return name;
    }
}

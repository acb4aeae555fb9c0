/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Writes the "new ASCII" cpio archive that Linux unpacks as its first file system: 110 bytes of header, name, content.
 */
final class CpioWriter {
    private static final int FOLDER = 0040755;
    private static final int PROGRAM = 0100755;
    private static final int CHARACTER_DEVICE = 0020600;
    private static final int HEADER_BYTES = 110;

    private final OutputStream out;
    private int inode;

    CpioWriter(final OutputStream out) {
        this.out = out;
    }

    void folder(final String name) throws IOException {
        entry(name, FOLDER, 0, 0, new byte[0]);
    }

    /** Files by their names in the archive, and the folders these need. */
    void files(final Map<String, Path> files) throws IOException {
        final Set<String> folders = new LinkedHashSet<>();
        for (final String name : files.keySet()) {
            for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
                folders.add(name.substring(0, slash));
            }
        }
        for (final String folder : folders) {
            folder(folder);
        }
        for (final Map.Entry<String, Path> entry : files.entrySet()) {
            file(entry.getKey(), Files.readAllBytes(entry.getValue()));
        }
    }

    void file(final String name, final byte[] content) throws IOException {
        entry(name, PROGRAM, 0, 0, content);
    }

    void characterDevice(final String name, final int major, final int minor) throws IOException {
        entry(name, CHARACTER_DEVICE, major, minor, new byte[0]);
    }

    /** Writes the trailer; the stream stays open. */
    void end() throws IOException {
        entry("TRAILER!!!", 0, 0, 0, new byte[0]);
    }

    private void entry(final String name, final int mode, final int major, final int minor, final byte[] content)
        throws IOException {
        final int[] fields = {++inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length() + 1, 0};
        final StringBuilder header = new StringBuilder("070701");
        for (final int field : fields) {
            header.append(String.format("%08X", field));
        }
        out.write((header + name + '\0').getBytes(StandardCharsets.US_ASCII));
        pad(HEADER_BYTES + name.length() + 1);
        out.write(content);
        pad(content.length);
    }

    private void pad(final int length) throws IOException {
        out.write(new byte[-length & 3]);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * A file of the page, from the class path.
 *
 * @param type    its media type.
 * @param content what is in it.
 */
record PageFile(String type, byte[] content) {
    // All there are: what a path names never becomes the name of a file.
    private static final Map<String, PageFile> BY_PATH = Map.of(
        "/", read("index.html", "text/html"),
        "/page.css", read("page.css", "text/css"),
        "/page.js", read("page.js", "text/javascript"),
        "/rates.js", read("rates.js", "text/javascript"),
        "/layout.js", read("layout.js", "text/javascript"),
        "/drawing.js", read("drawing.js", "text/javascript"),
        "/icon.svg", read("icon.svg", "image/svg+xml"));

    /** The file that a path of a request means, or null. */
    static PageFile at(final String path) {
        return BY_PATH.get(path);
    }

    private static PageFile read(final String name, final String type) {
        try (InputStream in = PageFile.class.getResourceAsStream(name)) {
            return new PageFile(type, in.readAllBytes());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** What tests need of the machine. Where it is missing, they are skipped, and one printed line says what brings it. */
final class Needs {
    private static final Set<String> PRINTED = ConcurrentHashMap.newKeySet();

    private Needs() {
    }

    /** Skips the calling test unless this is {@code true}; {@code what} says what it needs and how one gets that. */
    static void that(final boolean isThere, final String what) {
        final String line = "skipped: tests of captures need " + what;
        if (!isThere && PRINTED.add(what)) {
            System.out.println(line);
        }
        assumeTrue(isThere, line);
    }

    /** Skips the calling test unless a program of this name is on the PATH; {@code debianPackage} brings it. */
    static void program(final String name, final String debianPackage) {
        final String path = System.getenv().getOrDefault("PATH", "");
        that(Stream.of(path.split(":")).anyMatch(folder -> Files.isExecutable(Path.of(folder, name))),
            name + " on the PATH: apt-get install --no-install-recommends " + debianPackage);
    }
}

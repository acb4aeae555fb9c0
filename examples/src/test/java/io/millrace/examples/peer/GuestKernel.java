/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A packaged kernel and its modules: {@code /boot/vmlinuz-VERSION} with {@code /lib/modules/VERSION}. */
record GuestKernel(Path image, Path modules) {
    private static final String VIRTIO_NET = "/virtio_net.ko";

    /** The newest one that is complete and readable, if any. */
    static Optional<GuestKernel> newest() {
        try (Stream<Path> files = Files.list(Path.of("/boot"))) {
            return files
                .filter(file -> file.getFileName().toString().startsWith("vmlinuz-") && Files.isReadable(file))
                .map(file -> new GuestKernel(file,
                    Path.of("/lib/modules", file.getFileName().toString().substring("vmlinuz-".length()))))
                .filter(kernel -> Files.isReadable(kernel.modules.resolve("modules.dep")))
                .filter(kernel -> kernel.dependencies().stream().anyMatch(line -> line.contains(VIRTIO_NET)))
                .max(Comparator.comparing(kernel -> kernel.image.toString()));
        } catch (final IOException e) {
            return Optional.empty();
        }
    }

    /** The files of the named modules and of all they need, in the order in which they can be loaded. */
    List<Path> inLoadOrder(final String... names) {
        final Set<Path> order = new LinkedHashSet<>();
        for (final String name : names) {
            for (final String line : dependencies()) {
                final int colon = line.indexOf(':');
                if (line.substring(0, colon).contains("/" + name + ".ko")) {
                    // depmod lists what is needed last first.
                    final List<String> needed = new ArrayList<>(List.of(line.substring(colon + 1).trim().split(" ")));
                    Collections.reverse(needed);
                    needed.add(line.substring(0, colon));
                    needed.stream().filter(path -> !path.isEmpty()).map(modules::resolve).forEach(order::add);
                }
            }
        }
        return List.copyOf(order);
    }

    private List<String> dependencies() {
        try {
            return Files.readAllLines(modules.resolve("modules.dep"));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

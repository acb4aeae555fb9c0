/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A guest's file system with more in it than {@link GuestImage}: the JDK and the classes of this test, and the kernel's
 * vhost-net. The archive is that image and a second one behind it, which Linux unpacks over the first.
 */
final class JavaGuestImage {
    private static final String[] MODULES = {"virtio_pci", "vhost_net"};
    // The JDK without what draws, prints or compiles.
    private static final List<String> JDK = List.of("bin/java", "lib/jvm.cfg", "lib/modules", "lib/tzdb.dat",
        "lib/server/libjvm.so", "lib/server/classes.jsa", "lib/libjli.so", "lib/libjava.so", "lib/libjimage.so",
        "lib/libnet.so", "lib/libnio.so", "lib/libverify.so", "lib/libzip.so", "lib/libmanagement.so",
        "lib/libmanagement_ext.so", "lib/libextnet.so", "conf/security/java.security", "lib/security/default.policy");
    private static final int FIRST_WITH_NEWER_OPTIONS = 23;

    private JavaGuestImage() {
    }

    /** Whether there is what it is made of, besides what {@link GuestImage} needs. */
    static boolean isPossible() {
        return GuestKernel.newest().filter(kernel -> !kernel.inLoadOrder("vhost_net").isEmpty()).isPresent();
    }

    /** Makes it. */
    static Path make(final GuestKernel kernel) throws IOException {
        final Path file = GuestImage.file("java-guest");
        Files.deleteIfExists(file);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            Files.copy(GuestImage.of(kernel), out);
            final Map<String, Path> files = new LinkedHashMap<>();
            final String order = GuestImage.modules(files, kernel.inLoadOrder(MODULES));
            addJdk(files);
            final String classPath = addClasses(files);
            final CpioWriter cpio = new CpioWriter(out);
            cpio.files(files);
            cpio.file("modules.order", order.getBytes(StandardCharsets.UTF_8));
            cpio.file("java.options", options(classPath).getBytes(StandardCharsets.UTF_8));
            cpio.end();
        }
        return file;
    }

    private static void addJdk(final Map<String, Path> files) throws IOException {
        final Path home = Path.of(System.getProperty("java.home"));
        for (final String name : JDK) {
            final Path file = home.resolve(name);
            if (Files.exists(file)) {
                files.put("jdk/" + name, file);
                if (name.endsWith(".so") || name.endsWith("java")) {
                    GuestImage.libraries(file).stream().filter(library -> !library.startsWith(home.toString()))
                        .forEach(library -> files.put(library.substring(1), Path.of(library)));
                }
            }
        }
    }

    /** Everything on the class path but tests, and the class path by which a guest has it. */
    private static String addClasses(final Map<String, Path> files) throws IOException {
        final StringBuilder classPath = new StringBuilder();
        int number = 0;
        for (final String entry : System.getProperty("java.class.path").split(":")) {
            final Path path = Path.of(entry);
            if (entry.isEmpty() || !Files.exists(path) || entry.endsWith("test-classes")) {
                continue;
            }
            final String name = "classes/" + number++ + (Files.isDirectory(path) ? "" : ".jar");
            classPath.append(classPath.isEmpty() ? "" : ":").append('/').append(name);
            try (Stream<Path> content = Files.walk(path)) {
                for (final Path file : content.filter(Files::isRegularFile).toList()) {
                    files.put(file.equals(path) ? name : name + "/" + path.relativize(file), file);
                }
            }
        }
        return classPath.toString();
    }

    /** For {@code java @/java.options}: the flags of the launcher, and those that make it start in a guest soon. */
    private static String options(final String classPath) throws IOException {
        final Path config = Path.of(System.getProperty("millrace.home"), "config");
        return Files.readString(config.resolve("jvm.options"))
            + (Runtime.version().feature() < FIRST_WITH_NEWER_OPTIONS ? ""
            : Files.readString(config.resolve("jvm-newer.options")))
            + "-XX:TieredStopAtLevel=1 -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote\n"
            + "-XX:+UseSerialGC -Xms64m -Xmx64m -XX:-UsePerfData\n"
            + "-cp " + classPath + "\n";
    }
}

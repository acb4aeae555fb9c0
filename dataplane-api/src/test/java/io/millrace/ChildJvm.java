/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another process with the class path and the flags of this one, for what only a second process can show. */
public final class ChildJvm {
    private static final int TIMEOUT_SECONDS = 60;

    private ChildJvm() {
    }

    /** Runs {@code main} to its end and returns what it printed on both streams. */
    public static String run(final Class<?> main, final List<String> options, final String... arguments)
        throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        final String home = System.getProperty("millrace.home");
        command.add("@" + home + "/config/jvm.options");
        if (Runtime.version().feature() >= 23) {
            command.add("@" + home + "/config/jvm-newer.options");
        }
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx64m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        final Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError(main.getName() + " did not end well: " + output);
            }
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}

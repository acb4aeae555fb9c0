/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import picocli.CommandLine;

import java.util.Locale;

/** The {@code millrace} command. Exit code 0: all went well; 1: it did not; 2: what was asked for cannot be. */
public final class Main {
    private Main() {
    }

    /**
     * Runs one command and ends the process.
     *
     * @param args as {@code millrace --help} says.
     */
    public static void main(final String... args) {
        // Numbers look the same everywhere: scripts read them.
        Locale.setDefault(Locale.ROOT);
        System.exit(run(args));
    }

    private static int run(final String... args) {
        try {
            return commandLine().execute(args);
        } catch (final Error e) {
            // Picocli hands on exceptions only.
            return Problems.onError(e);
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new MillraceCommand())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setParameterExceptionHandler(Problems::onParameters)
            .setExecutionExceptionHandler(Problems::onExecution);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.DataplaneException;
import io.millrace.linux.LinuxException;
import picocli.CommandLine;

/** Turns what went wrong into one sentence and an exit code. */
final class Problems {
    private static final String TRACE = "MILLRACE_TRACE";

    private Problems() {
    }

    /** What was typed makes no sense. */
    static int onParameters(final CommandLine.ParameterException problem, final String[] args) {
        final CommandLine command = problem.getCommandLine();
        final String name = command.getCommandSpec().qualifiedName(" ");
        // picocli speaks of Java's types.
        String sentence = problem.getMessage().replaceAll(" is not an? (int|long)$", " is not a whole number")
            .replaceAll(" is not a double$", " is not a number");
        if (problem instanceof CommandLine.MissingParameterException
            && !command.getCommandSpec().positionalParameters().isEmpty()) {
            sentence = "needs " + command.getCommandSpec().positionalParameters().get(0).description()[0];
        } else if (problem instanceof CommandLine.UnmatchedArgumentException unmatched
            && command.getParent() == null && !unmatched.isUnknownOption()) {
            sentence = "there is no command " + unmatched.getUnmatched().get(0) + ": there are "
                + String.join(", ", command.getSubcommands().keySet());
        }
        return sentence(command, name + ": " + sentence + " (" + name + " --help says more)");
    }

    /** What was asked for could not be done. */
    static int onExecution(final Exception problem, final CommandLine command, final CommandLine.ParseResult result) {
        final String name = command.getCommandSpec().qualifiedName(" ");
        if (System.getenv(TRACE) != null) {
            problem.printStackTrace(command.getErr());
        }
        if (problem instanceof DataplaneException || problem instanceof LinuxException) {
            return sentence(command, name + ": " + problem.getMessage());
        }
        command.getErr().println(name + ": this is a bug in Millrace: " + problem + " (set " + TRACE
            + "=1 to see where, and please report it)");
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** The JVM could not go on: no memory, or a class that is missing. */
    static int onError(final Error problem) {
        if (System.getenv(TRACE) != null) {
            problem.printStackTrace();
        }
        System.err.println(("millrace: the JVM failed: " + problem).replaceAll("\\s*\\R\\s*", " ") + " (set " + TRACE
            + "=1 to see where)");
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static int sentence(final CommandLine command, final String sentence) {
        command.getErr().println(sentence.replaceAll("\\s*\\R\\s*", " "));
        return CommandLine.ExitCode.USAGE;
    }
}

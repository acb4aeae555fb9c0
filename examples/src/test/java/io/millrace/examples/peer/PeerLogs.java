/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/** Attaches the ends of the logs of a test class's processes to what fails in it, as a suppressed exception. */
final class PeerLogs
    implements TestExecutionExceptionHandler, LifecycleMethodExecutionExceptionHandler, AfterAllCallback {
    private static final int TAIL_CHARACTERS = 3_000;
    private static final List<Path> LOGS = new CopyOnWriteArrayList<>();

    static void add(final Path log) {
        LOGS.add(log);
    }

    @Override
    public void handleTestExecutionException(final ExtensionContext context, final Throwable failure) throws Throwable {
        throw withLogs(failure);
    }

    @Override
    public void handleBeforeAllMethodExecutionException(final ExtensionContext context, final Throwable failure)
        throws Throwable {
        throw withLogs(failure);
    }

    @Override
    public void handleAfterAllMethodExecutionException(final ExtensionContext context, final Throwable failure)
        throws Throwable {
        throw withLogs(failure);
    }

    @Override
    public void afterAll(final ExtensionContext context) {
        LOGS.clear();
    }

    private static Throwable withLogs(final Throwable failure) throws IOException {
        if (!(failure instanceof TestAbortedException)) {
            final StringBuilder tails = new StringBuilder("logs of the processes of this test");
            for (final Path log : LOGS) {
                final String text = new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
                tails.append("\n=== ").append(log).append('\n')
                    .append(text.substring(Math.max(0, text.length() - TAIL_CHARACTERS)));
            }
            failure.addSuppressed(new Tails(tails.toString()));
        }
        return failure;
    }

    /** Carries text only: its own stack says nothing. */
    private static final class Tails extends Exception {
        private static final long serialVersionUID = 1;

        Tails(final String text) {
            super(text, null, false, false);
        }
    }
}

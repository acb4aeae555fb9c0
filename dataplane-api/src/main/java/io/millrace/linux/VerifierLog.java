/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * What the verifier wrote about a program that it refused, cut down to what fits a sentence: the last instructions that
 * it looked at and its complaint. Its statistics at the very end say nothing about the cause.
 */
final class VerifierLog {
    private static final int LINES = 4;
    private static final List<String> STATISTICS =
        List.of("processed ", "verification time ", "stack depth ", "mark_precise", "max_states_per_insn ");

    private VerifierLog() {
    }

    /**
     * The telling last lines.
     *
     * @param log bytes as the kernel wrote them, ended by a zero byte or by the array.
     * @return one line, empty if the kernel wrote nothing.
     */
    static String tail(final byte[] log) {
        int length = 0;
        while (length < log.length && log[length] != 0) {
            length++;
        }
        final String[] lines = new String(log, 0, length, StandardCharsets.ISO_8859_1).split("\n");
        final Deque<String> kept = new ArrayDeque<>();
        for (int i = lines.length - 1; i >= 0 && kept.size() < LINES; i--) {
            final String line = lines[i].strip();
            if (!line.isEmpty() && STATISTICS.stream().noneMatch(line::startsWith)) {
                kept.addFirst(line);
            }
        }
        return String.join(" | ", kept);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One thing the doctor looked at.
 *
 * @param subject what, in a word or two.
 * @param state   how it is.
 * @param detail  what was found.
 * @param mend    the command that mends it; empty if nothing needs mending.
 */
record Finding(String subject, State state, String detail, String mend) {
    /** How serious it is. */
    enum State {
        /** As it should be. */
        OK("ok"),
        /** Something that not everybody needs is missing. */
        LACKING("--"),
        /** Millrace does not work without it. */
        BROKEN("!!");

        private final String mark;

        State(final String mark) {
            this.mark = mark;
        }
    }

    static Finding ok(final String subject, final String detail) {
        return new Finding(subject, State.OK, detail, "");
    }

    static Finding lacking(final String subject, final String detail, final String mend) {
        return new Finding(subject, State.LACKING, detail, mend);
    }

    static Finding broken(final String subject, final String detail, final String mend) {
        return new Finding(subject, State.BROKEN, detail, mend);
    }

    /** For a terminal: one line, and a second one with the mend. */
    String text() {
        final String line = String.format("%s  %-14s %s", state.mark, subject, detail);
        return mend.isEmpty() ? line : line + System.lineSeparator() + " ".repeat(19) + "-> " + mend;
    }

    /** For {@link Json}. */
    Map<String, Object> json() {
        final Map<String, Object> json = new LinkedHashMap<>();
        json.put("subject", subject);
        json.put("state", state.name().toLowerCase());
        json.put("detail", detail);
        json.put("mend", mend);
        return json;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.ConfigurationException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A word or a sign of a filter.
 *
 * @param text as written; empty at the end of the filter.
 * @param at   the place of its first character, from 1.
 */
record Token(String text, int at) {
    private static final Pattern PATTERN = Pattern.compile("&&|\\|\\||[()!&|]|[^\\s()!&|]+");
    private static final int MAX_SHOWN = 40;

    /** Takes a text apart. The last token is the end. */
    static List<Token> of(final String text) {
        final List<Token> tokens = new ArrayList<>();
        final Matcher matcher = PATTERN.matcher(text);
        while (matcher.find()) {
            tokens.add(new Token(matcher.group(), matcher.start() + 1));
        }
        tokens.add(new Token("", text.length() + 1));
        return tokens;
    }

    /** Whether it is one of some words. */
    boolean is(final String... words) {
        return List.of(words).contains(text);
    }

    /** Whether it begins like a number or an address and not like a word of the language. */
    boolean isValue() {
        return text.indexOf(':') >= 0 || text.matches("[0-9\\\\].*");
    }

    /**
     * What to throw where this token cannot stand.
     *
     * @param expected what can: a noun.
     * @param example  a filter that is right.
     */
    ConfigurationException insteadOf(final String expected, final String example) {
        // Written by strangers, and printed: no control characters.
        final String shown = text.substring(0, Math.min(MAX_SHOWN, text.length())).replaceAll("[^ -~]", "?")
            + (text.length() > MAX_SHOWN ? "..." : "");
        return new ConfigurationException("the filter " + (text.isEmpty() ? "ends" : "has \"" + shown + "\"")
            + " at character " + at + " where " + expected + " should be: write it like \"" + example + "\"");
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a filter, by recursive descent.
 *
 * <pre>
 *  either    = both { "or" both }
 *  both      = single { "and" single }
 *  single    = "not" single | "(" either ")" | "all" | "none" | field ":" value { "/" value }
 * </pre>
 */
final class FilterParser {
    private static final String EXAMPLE = ": write it like udp:4789 or vlan:100+and+not+type:arp";
    private static final Pattern TOKEN = Pattern.compile("[()]|[^()\\s+]+");
    /** Keeps what is written in malice from using up the stack. */
    private static final int MAX_DEPTH = 100;
    private static final String END = "";

    private final String text;
    private final List<String> tokens = new ArrayList<>();
    private int at;
    private int depth;

    FilterParser(final String text) {
        this.text = text;
        final Matcher matcher = TOKEN.matcher(text);
        while (matcher.find()) {
            tokens.add(matcher.group());
        }
        tokens.add(END);
    }

    /** Reads all of it; throws with an example if it is malformed. */
    Condition parse() {
        final Condition condition = either();
        if (!takes(END)) {
            throw malformed("and, or or the end");
        }
        return condition;
    }

    private Condition either() {
        Condition condition = both();
        while (takes("or")) {
            condition = Condition.any(condition, both());
        }
        return condition;
    }

    private Condition both() {
        Condition condition = single();
        while (takes("and")) {
            condition = Condition.every(condition, single());
        }
        return condition;
    }

    private Condition single() {
        if (++depth > MAX_DEPTH) {
            throw new ConfigurationException("the filter is nested more than " + MAX_DEPTH + " deep" + EXAMPLE);
        }
        final Condition condition;
        if (takes("not")) {
            condition = Condition.not(single());
        } else if (takes("(")) {
            condition = either();
            if (!takes(")")) {
                throw malformed("and, or or )");
            }
        } else if (takes("all")) {
            condition = new Condition.All();
        } else {
            condition = takes("none") ? new Condition.None() : comparison();
        }
        depth--;
        return condition;
    }

    private Condition comparison() {
        final String token = tokens.get(at);
        final int colon = token.indexOf(':');
        final Field field = colon < 0 ? null : Field.of(token.substring(0, colon));
        if (field == null) {
            throw malformed("type:, vlan:, mac:, udp:, all, none, not or (");
        }
        at++;
        final List<Long> values = new ArrayList<>();
        for (final String value : token.substring(colon + 1).split("/", -1)) {
            values.add(field.parse(value));
        }
        return Condition.oneOf(field, values.stream().mapToLong(Long::longValue));
    }

    private boolean takes(final String token) {
        final boolean is = tokens.get(at).equals(token);
        if (is && !token.equals(END)) {
            at++;
        }
        return is;
    }

    private ConfigurationException malformed(final String expected) {
        final String found = tokens.get(at).equals(END) ? "its end" : "\"" + tokens.get(at) + "\"";
        return new ConfigurationException("the filter \"" + text + "\" has " + found + " in place of " + expected
            + EXAMPLE);
    }
}

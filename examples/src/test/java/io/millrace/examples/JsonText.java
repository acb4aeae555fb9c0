/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON by the grammar of RFC 8259, as strictly as a program on the other end of a pipe would. */
final class JsonText {
    private final String text;
    private int at;

    private JsonText(final String text) {
        this.text = text;
    }

    /** The one value that {@code text} is: a map, a list, a string, a long, a double, a boolean or null. */
    static Object parse(final String text) {
        final JsonText json = new JsonText(text);
        final Object value = json.value();
        json.skipSpace();
        if (json.at != text.length()) {
            throw json.wrong("the end");
        }
        return value;
    }

    /** The object that {@code text} is. */
    @SuppressWarnings("unchecked") // Keys of objects are strings by the grammar.
    static Map<String, Object> object(final String text) {
        return (Map<String, Object>) parse(text);
    }

    private IllegalArgumentException wrong(final String expected) {
        return new IllegalArgumentException("expected " + expected + " at " + at + " of " + text);
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean take(final String token) {
        skipSpace();
        final boolean isThere = text.startsWith(token, at);
        at += isThere ? token.length() : 0;
        return isThere;
    }

    private void need(final String token) {
        if (!take(token)) {
            throw wrong(token);
        }
    }

    private Object value() {
        if (take("{")) {
            return members();
        } else if (take("[")) {
            return elements();
        } else if (take("\"")) {
            return string();
        } else if (take("true")) {
            return true;
        } else if (take("false")) {
            return false;
        } else if (take("null")) {
            return null;
        }
        return number();
    }

    private Map<String, Object> members() {
        final Map<String, Object> members = new LinkedHashMap<>();
        if (!take("}")) {
            do {
                need("\"");
                final String name = string();
                need(":");
                members.put(name, value());
            } while (take(","));
            need("}");
        }
        return members;
    }

    private List<Object> elements() {
        final List<Object> elements = new ArrayList<>();
        if (!take("]")) {
            do {
                elements.add(value());
            } while (take(","));
            need("]");
        }
        return elements;
    }

    private String string() {
        final StringBuilder string = new StringBuilder();
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at++);
            if (c < ' ') {
                throw wrong("no control character");
            }
            if (c == '\\') {
                c = text.charAt(at++);
                if (c == 'u') {
                    c = (char) Integer.parseInt(text.substring(at, at + 4), 16);
                    at += 4;
                } else if (c != '"' && c != '\\') {
                    throw wrong("an escape that is written here");
                }
            }
            string.append(c);
        }
        need("\"");
        return string.toString();
    }

    private Object number() {
        final int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        final String number = text.substring(start, at);
        if (!number.matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?")) {
            throw wrong("a value");
        }
        return number.matches("-?\\d+") ? (Object) Long.valueOf(number) : Double.valueOf(number);
    }
}

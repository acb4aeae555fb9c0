/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;

/** Writes what programs read: maps, lists, records, strings, numbers and booleans as JSON on one line. */
final class Json {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private Json() {
    }

    /** The text of {@code value}; the order of a map is kept. */
    static String write(final Object value) {
        return GSON.toJson(value);
    }
}

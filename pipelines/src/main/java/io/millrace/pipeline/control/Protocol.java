/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.millrace.ConfigurationException;

import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** How requests and answers are written: RFC 8259, strictly, one object a line, in UTF-8. */
final class Protocol {
    /** The number that {@code hello} tells. Another number, another protocol. */
    static final int VERSION = 1;
    /** The most bytes of a request. */
    static final int MAX_REQUEST = 64 * 1024;
    /** The most bytes of an answer. */
    static final int MAX_ANSWER = 16 * 1024 * 1024;

    static final String ID = "id";
    static final String DO = "do";
    static final String OK = "ok";
    static final String ERROR = "error";

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
    private static final int MAX_DEPTH = 16;
    private static final int EXCERPT = 40;
    private static final String ID_NUMBER = "\\d{1,15}";

    private Protocol() {
    }

    /**
     * The object that these bytes are.
     *
     * @throws ConfigurationException if they are anything else.
     */
    static JsonObject object(final byte[] line, final int from, final int length) {
        final String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line, from, length)).toString();
        } catch (final CharacterCodingException e) {
            throw new ConfigurationException("the request is not UTF-8");
        }
        final JsonReader reader = new JsonReader(new StringReader(text));
        reader.setStrictness(Strictness.STRICT);
        reader.setNestingLimit(MAX_DEPTH);
        try {
            if (reader.peek() == JsonToken.BEGIN_OBJECT) {
                final JsonElement element = JsonParser.parseReader(reader);
                if (reader.peek() == JsonToken.END_DOCUMENT) {
                    return element.getAsJsonObject();
                }
            }
        } catch (final IOException | JsonParseException | IllegalStateException | NumberFormatException e) {
            throw new ConfigurationException("the request is not JSON, or nested too deeply: " + excerpt(text));
        }
        throw new ConfigurationException("a request is one object like {\"id\":1,\"do\":\"hello\"} in one line, not "
            + excerpt(text));
    }

    /**
     * The number of a request, which its answer repeats; null if it has none.
     *
     * @throws ConfigurationException if it is no such number.
     */
    static JsonElement id(final JsonObject request) {
        final JsonElement id = request.get(ID);
        if (id == null || id instanceof final JsonPrimitive number && number.isNumber()
            && number.getAsString().matches(ID_NUMBER)) {
            return id;
        }
        throw new ConfigurationException("the id of a request is a whole number of at most 15 digits, not "
            + excerpt(id.toString()));
    }

    /** An answer with its line break. */
    static byte[] ok(final JsonElement id, final Object result) {
        return line(id, OK, GSON.toJsonTree(result));
    }

    /** A refusal with its line break. */
    static byte[] error(final JsonElement id, final String sentence) {
        return line(id, ERROR, new JsonPrimitive(sentence.replaceAll("\\s*\\R\\s*", " ")));
    }

    private static byte[] line(final JsonElement id, final String name, final JsonElement value) {
        final JsonObject answer = new JsonObject();
        if (id != null) {
            answer.add(ID, id);
        }
        answer.add(name, value);
        return (GSON.toJson(answer) + '\n').getBytes(StandardCharsets.UTF_8);
    }

    static Gson gson() {
        return GSON;
    }

    /** The beginning of a text, so that messages stay short. */
    static String excerpt(final String text) {
        return text.length() <= EXCERPT ? text : text.substring(0, EXCERPT) + "...";
    }

    static String quoted(final String text) {
        return '"' + excerpt(text) + '"';
    }
}

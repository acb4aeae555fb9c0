/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.millrace.ConfigurationException;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One request of one client: its arguments, each checked when it is read.
 *
 * <p>Thread safety: for the thread that answers it; {@link #closeWithClient} for any.
 */
public final class Call {
    private static final String WHOLE = "-?\\d{1,18}";

    private final String name;
    private final JsonObject arguments;
    private final Belongings belongings;

    Call(final String name, final JsonObject arguments, final Belongings belongings) {
        this.name = name;
        this.arguments = arguments;
        this.belongings = belongings;
    }

    /**
     * A text.
     *
     * @return empty if it was not given.
     * @throws ConfigurationException if it is something else.
     */
    public Optional<String> text(final String argument) {
        final JsonElement value = arguments.get(argument);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof final JsonPrimitive primitive && primitive.isString()) {
            return Optional.of(primitive.getAsString());
        }
        throw wrong(argument, "a text");
    }

    /**
     * A text that has to be there.
     *
     * @throws ConfigurationException if it is not, or is something else.
     */
    public String needText(final String argument) {
        return text(argument).orElseThrow(() -> missing(argument));
    }

    /**
     * A whole number.
     *
     * @param least the smallest that is good.
     * @param most  the largest that is good.
     * @return empty if it was not given.
     * @throws ConfigurationException if it is something else, or out of range.
     */
    public OptionalLong whole(final String argument, final long least, final long most) {
        final JsonElement value = arguments.get(argument);
        if (value == null) {
            return OptionalLong.empty();
        }
        if (value instanceof final JsonPrimitive primitive && primitive.isNumber()
            && primitive.getAsString().matches(WHOLE)) {
            final long number = Long.parseLong(primitive.getAsString());
            if (number >= least && number <= most) {
                return OptionalLong.of(number);
            }
        }
        throw wrong(argument, "a whole number from " + least + " to " + most);
    }

    /**
     * A yes or a no; no if it was not given.
     *
     * @throws ConfigurationException if it is something else.
     */
    public boolean is(final String argument) {
        final JsonElement value = arguments.get(argument);
        if (value == null) {
            return false;
        }
        if (value instanceof final JsonPrimitive primitive && primitive.isBoolean()) {
            return primitive.getAsBoolean();
        }
        throw wrong(argument, "true or false");
    }

    /**
     * Has {@code part} closed when this client is gone, or the server closes: what a client has switched on ends with
     * it. Closed at once if that has happened already. What it throws is logged.
     */
    public void closeWithClient(final AutoCloseable part) {
        belongings.add(part);
    }

    /** Refuses arguments that this request does not take. */
    void takesOnly(final List<String> known) {
        for (final String argument : arguments.keySet()) {
            if (!known.contains(argument)) {
                throw new ConfigurationException(name + " takes no argument " + Protocol.quoted(argument)
                    + ": it takes " + (known.isEmpty() ? "none" : String.join(", ", known)));
            }
        }
    }

    private ConfigurationException missing(final String argument) {
        return new ConfigurationException(name + " needs the argument " + argument);
    }

    private ConfigurationException wrong(final String argument, final String good) {
        return new ConfigurationException("the argument " + argument + " of " + name + " is " + good + ", not "
            + Protocol.excerpt(arguments.get(argument).toString()));
    }
}

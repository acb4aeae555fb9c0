/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A port as it is written on a command line: {@code vhost-user:/run/vm0.sock,queues=2,client}. That is a type, a
 * target, and options with or without a value.
 *
 * <p>A {@link PortType} reads the options it knows and then calls {@link #end()}, which refuses the rest.
 */
public final class PortSpec {
    private final String text;
    private final String type;
    private final String target;
    private final Map<String, String> options;
    private final Set<String> known = new TreeSet<>();

    private PortSpec(final String text, final String type, final String target, final Map<String, String> options) {
        this.text = text;
        this.type = type;
        this.target = target;
        this.options = options;
    }

    /**
     * Takes a written port apart.
     *
     * @throws ConfigurationException if it is not of that form.
     */
    public static PortSpec parse(final String text) {
        final int colon = text.indexOf(':');
        if (colon < 1) {
            throw new ConfigurationException(
                "the port \"" + text + "\" has no type: write it like vhost-user:/run/vm0.sock");
        }
        final String[] parts = text.substring(colon + 1).split(",", -1);
        final Map<String, String> options = new LinkedHashMap<>();
        for (int i = 1; i < parts.length; i++) {
            final int equals = parts[i].indexOf('=');
            final String key = equals < 0 ? parts[i] : parts[i].substring(0, equals);
            if (key.isEmpty()) {
                throw new ConfigurationException("the port \"" + text + "\" has an empty option");
            }
            if (options.containsKey(key)) {
                throw new ConfigurationException("the port \"" + text + "\" has the option " + key + " twice");
            }
            options.put(key, equals < 0 ? null : parts[i].substring(equals + 1));
        }
        return new PortSpec(text, text.substring(0, colon), parts[0], options);
    }

    /** What stands before the colon, such as {@code vhost-user}. */
    public String type() {
        return type;
    }

    /** What stands between the colon and the first comma, such as a socket's path. May be empty. */
    public String target() {
        return target;
    }

    /** Whether the option stands there without a value. */
    public boolean flag(final String name) {
        known.add(name);
        if (!options.containsKey(name)) {
            return false;
        }
        if (options.get(name) != null) {
            throw new ConfigurationException("the option " + name + " of port \"" + text + "\" takes no value");
        }
        return true;
    }

    /** The value of an option, or {@code otherwise} if it is not there. */
    public String option(final String name, final String otherwise) {
        known.add(name);
        if (!options.containsKey(name)) {
            return otherwise;
        }
        final String value = options.get(name);
        if (value == null || value.isEmpty()) {
            throw new ConfigurationException("the option " + name + " of port \"" + text + "\" needs a value");
        }
        return value;
    }

    /** The value of a whole-number option between {@code min} and {@code max}, or {@code otherwise}. */
    public int number(final String name, final int min, final int max, final int otherwise) {
        final String value = option(name, null);
        if (value == null) {
            return otherwise;
        }
        try {
            final int number = Integer.parseInt(value);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (final NumberFormatException e) {
            // Said below, with the range.
        }
        throw new ConfigurationException("the option " + name + " of port \"" + text + "\" is a whole number from "
            + min + " to " + max + ", not " + value);
    }

    /**
     * Ends the reading.
     *
     * @throws ConfigurationException naming an option that nobody asked for.
     */
    public void end() {
        for (final String option : options.keySet()) {
            if (!known.contains(option)) {
                throw new ConfigurationException("the port \"" + text + "\" has no option " + option + ": "
                    + type + " knows " + (known.isEmpty() ? "none" : String.join(", ", known)));
            }
        }
    }

    @Override
    public String toString() {
        return text;
    }
}

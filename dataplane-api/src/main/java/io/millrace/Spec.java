/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * A part of a data plane as it is written on a command line: {@code TYPE:TARGET,OPTION=VALUE,FLAG}. That is a type, a
 * target, and options with or without a value.
 *
 * <p>The type's own code reads the options it knows and then calls {@link #end()}, which refuses the rest.
 */
public abstract class Spec {
    private final String kind;
    private final String text;
    private final String type;
    private final String target;
    private final Map<String, String> options = new LinkedHashMap<>();
    private final Set<String> known = new TreeSet<>();

    /**
     * Takes apart what follows the type.
     *
     * @param kind what is written, for messages: {@code port}.
     * @param text all of it, as it was written.
     * @param type what stands first.
     * @param rest the target, and the options, each after a comma.
     * @throws ConfigurationException if an option has no name, or is there twice.
     */
    protected Spec(final String kind, final String text, final String type, final String rest) {
        this.kind = kind;
        this.text = text;
        this.type = type;
        final String[] parts = rest.split(",", -1);
        target = parts[0];
        for (int i = 1; i < parts.length; i++) {
            final int equals = parts[i].indexOf('=');
            final String key = equals < 0 ? parts[i] : parts[i].substring(0, equals);
            if (key.isEmpty()) {
                throw new ConfigurationException("the " + kind + " \"" + text + "\" has an empty option");
            }
            if (options.containsKey(key)) {
                throw new ConfigurationException("the " + kind + " \"" + text + "\" has the option " + key + " twice");
            }
            options.put(key, equals < 0 ? null : parts[i].substring(equals + 1));
        }
    }

    /**
     * Finds the service that the type names.
     *
     * @param service the interface of all types of this kind.
     * @param name    tells the type that a service is for.
     * @throws ConfigurationException if there is none, or a jar offers one that cannot be loaded.
     */
    protected final <T> T find(final Class<T> service, final Function<T, String> name) {
        final Set<String> names = new TreeSet<>();
        try {
            for (final T candidate : ServiceLoader.load(service)) {
                if (name.apply(candidate).equals(type)) {
                    return candidate;
                }
                names.add(name.apply(candidate));
            }
        } catch (final ServiceConfigurationError e) {
            throw new ConfigurationException("a " + kind + " type on the class path cannot be loaded ("
                + e.getMessage() + "): mend that jar or take it off");
        }
        throw new ConfigurationException("no " + kind + " type is named " + type + " (in \"" + text + "\"): there are "
            + (names.isEmpty() ? "none" : String.join(", ", names)));
    }

    /** What stands first, such as {@code vhost-user}. */
    public final String type() {
        return type;
    }

    /** What stands between the colon and the first comma, such as a socket's path. May be empty. */
    public final String target() {
        return target;
    }

    /** Whether the option stands there without a value. */
    public final boolean flag(final String name) {
        known.add(name);
        if (!options.containsKey(name)) {
            return false;
        }
        if (options.get(name) != null) {
            throw new ConfigurationException("the option " + name + " of " + kind + " \"" + text
                + "\" takes no value");
        }
        return true;
    }

    /**
     * Whether an option that is {@code on} or {@code off} is on; so it is if it is not there.
     *
     * @throws ConfigurationException if it is anything else.
     */
    public final boolean isOn(final String name) {
        return isOn(name, true);
    }

    /**
     * The same for an option that may be off if it is not there.
     *
     * @param otherwise whether it is on then.
     */
    public final boolean isOn(final String name, final boolean otherwise) {
        final String value = option(name, otherwise ? "on" : "off");
        if (!value.equals("on") && !value.equals("off")) {
            throw new ConfigurationException("the option " + name + " of " + kind + " \"" + text
                + "\" is on or off, not " + value);
        }
        return value.equals("on");
    }

    /** The value of an option, or {@code otherwise} if it is not there. */
    public final String option(final String name, final String otherwise) {
        known.add(name);
        if (!options.containsKey(name)) {
            return otherwise;
        }
        final String value = options.get(name);
        if (value == null || value.isEmpty()) {
            throw new ConfigurationException("the option " + name + " of " + kind + " \"" + text + "\" needs a value");
        }
        return value;
    }

    /** The value of a whole-number option between {@code min} and {@code max}, or {@code otherwise}. */
    public final int number(final String name, final int min, final int max, final int otherwise) {
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
        throw new ConfigurationException("the option " + name + " of " + kind + " \"" + text
            + "\" is a whole number from " + min + " to " + max + ", not " + value);
    }

    /**
     * Ends the reading.
     *
     * @throws ConfigurationException naming an option that nobody asked for.
     */
    public final void end() {
        for (final String option : options.keySet()) {
            if (!known.contains(option)) {
                throw new ConfigurationException("the " + kind + " \"" + text + "\" has no option " + option + ": "
                    + type + " knows " + (known.isEmpty() ? "none" : String.join(", ", known)));
            }
        }
    }

    /** As it was written. */
    @Override
    public final String toString() {
        return text;
    }
}

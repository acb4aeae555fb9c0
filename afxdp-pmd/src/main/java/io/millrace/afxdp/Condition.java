/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The expression tree of a {@link Filter}. Immutable, and kept in a normal form by {@link #every}, {@link #any} and
 * {@link #not}: {@code All} and {@code None} stand alone, lists are not nested in their like and have two members or
 * more, and nothing is negated twice. So equal texts are equal trees, and every part of a tree decides something: the
 * verifier refuses programs with instructions that cannot be reached.
 */
sealed interface Condition {
    /** Every frame. */
    record All() implements Condition {
        @Override
        public String toString() {
            return "all";
        }
    }

    /** No frame. */
    record None() implements Condition {
        @Override
        public String toString() {
            return "none";
        }
    }

    /** The frame has the field, with one of some values, which are sorted and different. */
    record OneOf(Field field, List<Long> values) implements Condition {
        @Override
        public String toString() {
            return values.stream().map(field::format).collect(Collectors.joining("/", field.word() + ":", ""));
        }
    }

    /** All of some conditions. */
    record Every(List<Condition> parts) implements Condition {
        @Override
        public String toString() {
            return parts.stream().map(part -> part instanceof Any ? "(" + part + ")" : part.toString())
                .collect(Collectors.joining(" and "));
        }
    }

    /** At least one of some conditions. */
    record Any(List<Condition> parts) implements Condition {
        @Override
        public String toString() {
            return parts.stream().map(Condition::toString).collect(Collectors.joining(" or "));
        }
    }

    /** The contrary. */
    record Not(Condition part) implements Condition {
        @Override
        public String toString() {
            return part instanceof OneOf ? "not " + part : "not (" + part + ")";
        }
    }

    /** Makes a comparison; checks the values. */
    static Condition oneOf(final Field field, final LongStream values) {
        final List<Long> sorted = values.map(field::checked).sorted().distinct().boxed().toList();
        return sorted.isEmpty() ? new None() : new OneOf(field, sorted);
    }

    /** Both. */
    static Condition every(final Condition a, final Condition b) {
        if (a instanceof None || b instanceof All) {
            return a;
        }
        if (b instanceof None || a instanceof All) {
            return b;
        }
        return new Every(Stream.of(a, b).flatMap(c -> c instanceof Every e ? e.parts.stream() : Stream.of(c)).toList());
    }

    /** Either, or both. */
    static Condition any(final Condition a, final Condition b) {
        if (a instanceof All || b instanceof None) {
            return a;
        }
        if (b instanceof All || a instanceof None) {
            return b;
        }
        return new Any(Stream.of(a, b).flatMap(c -> c instanceof Any e ? e.parts.stream() : Stream.of(c)).toList());
    }

    /** The contrary. */
    static Condition not(final Condition part) {
        if (part instanceof Not not) {
            return not.part;
        }
        return part instanceof All ? new None() : part instanceof None ? new All() : new Not(part);
    }

    /** What has to be evaluated first: the parts, or nothing. */
    default List<Condition> inner() {
        if (this instanceof Every every) {
            return every.parts;
        }
        if (this instanceof Any any) {
            return any.parts;
        }
        return this instanceof Not not ? List.of(not.part) : List.of();
    }

    /** How many values a frame may have to be compared with. */
    default int size() {
        return this instanceof OneOf leaf ? leaf.values.size() : inner().stream().mapToInt(Condition::size).sum();
    }

    /** Whether any of some fields is looked at. */
    default boolean looksAt(final Field... fields) {
        return this instanceof OneOf leaf ? Set.copyOf(Arrays.asList(fields)).contains(leaf.field)
            : inner().stream().anyMatch(part -> part.looksAt(fields));
    }
}

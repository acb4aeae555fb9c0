/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code millrace} printed at its end with {@code --json}: every counter by its name. */
record MillraceReport(Map<String, Long> counters) {
    private static final Pattern TOTALS = Pattern.compile("^\\{\"type\":\"totals\".*$", Pattern.MULTILINE);
    private static final String COUNTERS = "\"counters\":";
    private static final Pattern COUNTER = Pattern.compile("\"([^\"]+)\":(-?\\d+)");

    /** Finds it in all that the process printed. */
    static MillraceReport of(final String output) {
        final Matcher totals = TOTALS.matcher(output);
        if (!totals.find()) {
            throw new AssertionError("millrace printed no totals at its end");
        }
        final String line = totals.group();
        final Map<String, Long> counters = new TreeMap<>();
        final Matcher counter = COUNTER.matcher(line.substring(line.indexOf(COUNTERS) + COUNTERS.length()));
        while (counter.find()) {
            counters.put(counter.group(1), Long.valueOf(counter.group(2)));
        }
        return new MillraceReport(counters);
    }

    /** Packets that all ports received. */
    long received() {
        return sum(name -> name.matches("port/[^/]+/rx\\d+/packets"));
    }

    /** Packets that all ports sent. */
    long sent() {
        return sum(name -> name.matches("port/[^/]+/tx\\d+/packets"));
    }

    /** Packets that were received and dropped after that, under whatever name. */
    long dropped() {
        return sum(name -> name.contains("/drop/") && !name.matches("port/[^/]+/rx\\d+/drop/.*"));
    }

    /** The sum of the counters whose names match {@code pattern}. */
    long sum(final String pattern) {
        return sum(name -> name.matches(pattern));
    }

    /** How many counters that are above 0 have names that match {@code pattern}. */
    long count(final String pattern) {
        return counters.entrySet().stream()
            .filter(entry -> entry.getKey().matches(pattern) && entry.getValue() > 0).count();
    }

    /**
     * Fails unless what came in, with what was cut counted by its pieces, is what went out or was dropped by name.
     *
     * @param ports how many ports a switch has: it makes copies of what it floods; 2 where there are none
     */
    void mustBalance(final int ports) {
        final long copies = sum("node/learning-switch/flooded") * (ports - 2);
        final long pieces = sum("port/[^/]+/tx\\d+/segments") - sum("port/[^/]+/tx\\d+/segmented");
        if (received() == 0 || received() + copies + pieces != sent() + dropped()) {
            throw new AssertionError("received " + received() + " + copied " + copies + " + cut " + pieces
                + " is not sent " + sent() + " + dropped " + dropped() + "\n" + counters);
        }
    }

    private long sum(final Predicate<String> which) {
        return counters.entrySet().stream().filter(entry -> which.test(entry.getKey()))
            .mapToLong(Map.Entry::getValue).sum();
    }
}

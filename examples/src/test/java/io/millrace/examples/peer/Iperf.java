/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs of iperf3 between two stations; each serves it on the usual port. */
final class Iperf {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final String CLIENT = "iperf3 --connect-timeout 5000 -J ";

    private Iperf() {
    }

    /**
     * What became of a run over UDP.
     *
     * @param sent datagrams that the sender counted
     * @param lost those of them that the receiver missed
     */
    record Datagrams(long sent, long lost) {
    }

    /** TCP from {@code client} to {@code server}, or the other way, for {@code seconds}; the bytes that arrived. */
    static long tcp(final Station client, final Station server, final boolean isReverse, final int seconds) {
        return tcp(client, server, isReverse, "-t " + seconds);
    }

    /** As {@link #tcp(Station, Station, boolean, int)}, with another limit in iperf3's words, such as {@code -n 4M}. */
    static long tcp(final Station client, final Station server, final boolean isReverse, final String limit) {
        return number(client.shell(CLIENT + limit + direction(server, isReverse), LIMIT).mustSucceed(),
            "sum_received", "bytes");
    }

    /** UDP at {@code rate} (such as {@code 5M}) in datagrams of 1400 bytes for {@code seconds}. */
    static Datagrams udp(final Station client, final Station server, final boolean isReverse, final String rate,
        final int seconds) {
        final String json = client.shell(CLIENT + "-u -l 1400 -b " + rate + " -t " + seconds
            + direction(server, isReverse), LIMIT).mustSucceed();
        return new Datagrams(number(json, "sum", "packets"), number(json, "sum", "lost_packets"));
    }

    private static String direction(final Station server, final boolean isReverse) {
        return " -c " + server.address() + (isReverse ? " -R" : "");
    }

    /** The last number called {@code field} in an object called {@code object}: the one of the whole run. */
    private static long number(final String json, final String object, final String field) {
        final Matcher matcher = Pattern.compile("(?s)\"" + object + "\":\\s*\\{[^}]*?\"" + field + "\":\\s*(\\d+)")
            .matcher(json);
        String found = null;
        while (matcher.find()) {
            found = matcher.group(1);
        }
        if (json.contains("\"error\"") || found == null) {
            throw new AssertionError("iperf3 failed:\n" + json);
        }
        return Long.parseLong(found);
    }
}

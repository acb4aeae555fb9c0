/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A machine on the network under test: a {@link Guest} or a {@link NetLab.Namespace}. Both obey shell commands, have
 * iputils' ping, and serve iperf3.
 */
interface Station {
    /** The address by which the others reach it. */
    String address();

    /** A folder of this station for what commands leave behind. */
    String scratch();

    /** How a shell command calls iputils' ping. */
    default String pingProgram() {
        return "ping";
    }

    /** Runs a shell command, which is ended after {@code limit}. */
    Result shell(String command, Duration limit);

    /** The same station by another of its addresses. */
    default Station at(final String other) {
        return new At(this, other);
    }

    /** A station by one of its addresses. */
    record At(Station station, String address) implements Station {
        @Override
        public String scratch() {
            return station.scratch();
        }

        @Override
        public String pingProgram() {
            return station.pingProgram();
        }

        @Override
        public Result shell(final String command, final Duration limit) {
            return station.shell(command, limit);
        }
    }

    /** What a command printed, errors included, and its exit status (above 123 when its time was up). */
    record Result(int status, String output) {
        /** The output of a command that must have succeeded. */
        String mustSucceed() {
            if (status != 0) {
                throw new AssertionError("the command ended with status " + status + ":\n" + output);
            }
            return output;
        }
    }

    /** Runs a shell command that must succeed and answers its output. */
    default String run(final String command) {
        return shell(command, Duration.ofSeconds(20)).mustSucceed();
    }

    /** Sends {@code count} pings with ping's {@code options}, one each 50 ms, and answers how many came back. */
    default int ping(final Station other, final int count, final String... options) {
        final String command = pingProgram() + " -n -q -i 0.05 -W 2 -c " + count + " " + String.join(" ", options)
            + " " + other.address();
        final String output = shell(command, Duration.ofSeconds(20).plusMillis(50L * count)).output();
        final Matcher summary = Pings.summary(output);
        if (Integer.parseInt(summary.group(1)) != count) {
            throw new AssertionError("not all pings were sent:\n" + output);
        }
        return Integer.parseInt(summary.group(2));
    }

    /** Whether {@code other} answers a ping within {@code limit}; asks again until then. */
    default boolean reaches(final Station other, final Duration limit) {
        final String command = pingProgram() + " -n -q -c 1 -W 1 -w 1 " + other.address();
        return Until.within(limit, () -> shell(command, Duration.ofSeconds(5)).status() == 0);
    }

    /** Starts an endless ping, one each 50 ms, that {@link #stopPinging()} ends. */
    default void startPinging(final Station other) {
        run("cd " + scratch() + " && { " + pingProgram() + " -n -i 0.05 " + other.address()
            + " > pings 2>&1 & echo $! > pinger; }");
    }

    /** Ends {@link #startPinging} and answers how many pings were lost; only the last may still be under way. */
    default int stopPinging() {
        return Pings.lost(run("cd " + scratch() + " && kill -INT $(cat pinger) && sleep 0.2; grep -v DUP pings"
            + " | sed -n 's/.*icmp_seq=\\([0-9]*\\) ttl.*/\\1/p' | sort -u | wc -l;"
            + " sed -n 's/.*icmp_seq=\\([0-9]*\\) ttl.*/\\1/p' pings | sort -n | tail -n 1; tail -n 4 pings"));
    }

    /** Reads what ping printed. */
    final class Pings {
        private static final Pattern SUMMARY = Pattern.compile("(\\d+) packets transmitted, (\\d+) received");
        private static final int FEWEST = 20;

        private Pings() {
        }

        private static Matcher summary(final String output) {
            final Matcher matcher = SUMMARY.matcher(output);
            if (!matcher.find()) {
                throw new AssertionError("no summary from ping:\n" + output);
            }
            return matcher;
        }

        /** From the number of different answers, the last one's number, and the summary. */
        private static int lost(final String output) {
            final String[] lines = output.split("\n");
            final int answered = Integer.parseInt(lines[0].trim());
            final int last = answered == 0 ? 0 : Integer.parseInt(lines[1].trim());
            final int sent = Integer.parseInt(summary(output).group(1));
            if (sent < FEWEST) {
                throw new AssertionError("only " + sent + " pings were sent:\n" + output);
            }
            final int missingAtTheEnd = sent - last;
            return last - answered + (missingAtTheEnd > 1 ? missingAtTheEnd : 0);
        }
    }
}

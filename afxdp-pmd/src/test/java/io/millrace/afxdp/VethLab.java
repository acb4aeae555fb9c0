/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;


import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Two network namespaces of our own with a veth pair between them: device {@code left} in one, {@code right} in the
 * other. Nothing else is in there, and no IPv6, so nobody but the test sends packets.
 */
final class VethLab implements AutoCloseable {
    static final String LEFT = "left";
    static final String RIGHT = "right";

    private static final AtomicInteger NUMBER = new AtomicInteger();

    final String leftSpace;
    final String rightSpace;
    private final int queues;

    /** Makes both, switched on. Skips the test where that is not allowed. */
    VethLab(final int queues) {
        Needs.namespaces();
        if (queues > 1) {
            Needs.program("ethtool", "ethtool");
        }
        this.queues = queues;
        final String prefix = "mx" + ProcessHandle.current().pid() + "." + NUMBER.incrementAndGet();
        leftSpace = prefix + "l";
        rightSpace = prefix + "r";
        try {
            addSpace(leftSpace);
            addSpace(rightSpace);
            addPair();
        } catch (final RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private static void addSpace(final String name) {
        ip("netns add " + name);
        VethPair.assertSuccess("ip", "netns", "exec", name, "sh", "-c", "for scope in all default; do"
            + " echo 1 > /proc/sys/net/ipv6/conf/$scope/disable_ipv6 || true; done 2> /dev/null");
    }

    /** Adds the pair, switched on; again after {@link #delete()}. */
    void addPair() {
        final String size = " numrxqueues " + queues + " numtxqueues " + queues;
        ip("-n " + leftSpace + " link add " + LEFT + size + " type veth peer name " + RIGHT + " netns " + rightSpace
            + size);
        // Makes the real number of queues the one that was asked for, on both ends.
        if (queues > 1) {
            run("ip netns exec " + leftSpace + " ethtool -L " + LEFT + " rx " + queues + " tx " + queues);
            run("ip netns exec " + rightSpace + " ethtool -L " + RIGHT + " rx " + queues + " tx " + queues);
        }
        left("set " + LEFT + " up");
        right("set " + RIGHT + " up");
    }

    /** Deletes one end, and so the pair. */
    void delete() {
        left("del " + LEFT);
    }

    /** Sets the MTU of both ends. */
    void mtu(final int mtu) {
        left("set " + LEFT + " mtu " + mtu);
        right("set " + RIGHT + " mtu " + mtu);
    }

    /** Runs {@code ip link} on the left side. */
    void left(final String arguments) {
        ip("-n " + leftSpace + " link " + arguments);
    }

    /** Runs {@code ip link} on the right side. */
    void right(final String arguments) {
        ip("-n " + rightSpace + " link " + arguments);
    }

    static String ip(final String arguments) {
        return run("ip " + arguments);
    }

    /** Runs a command of words without blanks, and returns what it printed. */
    static String run(final String command) {
        try {
            final List<String> words = new ArrayList<>(List.of(command.split(" +")));
            final Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError(command + ": " + output);
            }
            return output;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        } catch (final InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        for (final String space : List.of(leftSpace, rightSpace)) {
            try {
                ip("netns del " + space);
            } catch (final AssertionError e) {
                // It was never made.
            }
        }
    }
}

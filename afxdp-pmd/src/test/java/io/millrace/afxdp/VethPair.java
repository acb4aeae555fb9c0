/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.linux.Interfaces;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/** A network namespace with a pair of veth devices, {@code near} and {@code far}, that are gone when it is closed. */
final class VethPair implements AutoCloseable {
    static final String NEAR = "near";
    static final String FAR = "far";

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String name = "mrx" + ProcessHandle.current().pid() + "n" + COUNT.incrementAndGet();
    private final NetNamespace namespace;

    private VethPair(final int queues) {
        assertSuccess("ip", "netns", "add", name);
        final String room = " numrxqueues " + queues + " numtxqueues " + queues;
        ip("link add " + NEAR + room + " type veth peer name " + FAR + room);
        namespace = NetNamespace.open(name);
    }

    /** Makes one, or skips the test. */
    static VethPair create(final int queues) {
        Needs.namespaces();
        return new VethPair(queues);
    }

    String name() {
        return name;
    }

    /** Runs {@code task} inside. */
    <T> T in(final Callable<T> task) {
        return namespace.call(task);
    }

    NetInterface near() {
        return in(() -> {
            try (Interfaces interfaces = Interfaces.open()) {
                return interfaces.find(NEAR);
            }
        });
    }

    /** Runs {@code ip} inside, with success. */
    String ip(final String arguments) {
        return assertSuccess(("ip -n " + name + " " + arguments).split(" "));
    }

    static String assertSuccess(final String... command) {
        final Outcome outcome = run(command);
        assertEquals(0, outcome.code, () -> String.join(" ", command) + ": " + outcome.output);
        return outcome.output;
    }

    /** What a command wrote and how it ended. */
    record Outcome(int code, String output) {
    }

    static Outcome run(final String... command) {
        try {
            final Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
            process.getOutputStream().close();
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Outcome(process.waitFor(), output);
        } catch (final IOException | InterruptedException e) {
            throw new AssertionError(String.join(" ", command) + ": " + e, e);
        }
    }

    @Override
    public void close() {
        namespace.close();
        assertSuccess("ip", "netns", "del", name);
    }
}

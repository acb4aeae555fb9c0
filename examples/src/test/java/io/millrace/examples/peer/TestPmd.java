/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * DPDK's testpmd, driven by commands on its standard input. It needs neither hugepages nor devices, and forwards on
 * one core.
 */
final class TestPmd implements AutoCloseable {
    private static final String PROMPT = "testpmd> ";
    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final Duration COMMAND_LIMIT = Duration.ofSeconds(10);
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final ChildProcess process;

    private TestPmd(final ChildProcess process) {
        this.process = process;
    }

    /**
     * Starts testpmd and waits for its prompt; nothing is forwarded before {@link #startForwarding}.
     *
     * @param devices one {@code --vdev} each; they become ports 0, 1, ...
     * @param arguments testpmd's own arguments
     */
    static TestPmd start(final List<String> devices, final List<String> arguments) {
        final TestPmd testPmd = launch(devices, arguments);
        try {
            testPmd.awaitPrompt();
        } catch (final AssertionError e) {
            testPmd.close();
            throw e;
        }
        return testPmd;
    }

    /** As {@link #start}, without waiting: for a device that blocks the start until its peer is there. */
    static TestPmd launch(final List<String> devices, final List<String> arguments) {
        return new TestPmd(ChildProcess.start("testpmd", command(devices, arguments)));
    }

    /** As {@link #launch}, inside a namespace. */
    static TestPmd launch(final NetLab.Namespace namespace, final List<String> devices,
        final List<String> arguments) {
        return new TestPmd(namespace.start("testpmd", command(devices, arguments)));
    }

    private static List<String> command(final List<String> devices, final List<String> arguments) {
        final String prefix = "millrace-" + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet();
        final List<String> command = new ArrayList<>(List.of("stdbuf", "-oL", "dpdk-testpmd", "-l", "0,1",
            "--no-pci", "--no-telemetry", "--no-huge", "-m", "256", "--file-prefix", prefix,
            // Which functions a virtio device chose.
            "--log-level=pmd.net.virtio.init:info"));
        devices.forEach(device -> command.addAll(List.of("--vdev", device)));
        command.addAll(List.of("--", "-i", "--total-num-mbufs=8192"));
        command.addAll(arguments);
        return command;
    }

    void awaitPrompt() {
        process.await("^" + PROMPT, START_LIMIT);
    }

    /** Waits for a line with {@code pattern} in what it logged so far or will. */
    void awaitLog(final String pattern) {
        process.await(pattern, COMMAND_LIMIT);
    }

    /** Runs a command and answers what it printed. */
    String command(final String text) {
        final int from = process.output().length();
        process.send(text);
        // The prompt comes without a line end: the next one says that this command is done.
        process.await(PROMPT, from, COMMAND_LIMIT);
        return process.output().substring(from);
    }

    void startForwarding() {
        final String answer = command("start");
        if (answer.contains("Not all ports were started")) {
            throw new AssertionError("testpmd has not started its ports: see its log");
        }
    }

    /** Packets a port has received so far. */
    long received(final int port) {
        return statistic(port, "RX-packets");
    }

    /** Packets a port has sent so far. */
    long sent(final int port) {
        return statistic(port, "TX-packets");
    }

    /** Ends testpmd by its own command. */
    void quit() {
        process.send("quit");
        process.exitCode(Duration.ofSeconds(20));
    }

    /** SIGKILL. */
    void kill() {
        process.kill();
    }

    @Override
    public void close() {
        process.close();
    }

    private long statistic(final int port, final String name) {
        final String text = command("show port stats " + port);
        final Matcher matcher = Pattern.compile(name + ": +(\\d+)").matcher(text);
        if (!matcher.find()) {
            throw new AssertionError("testpmd printed no " + name + ":\n" + text);
        }
        return Long.parseLong(matcher.group(1));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** DPDK's testpmd with one net_vhost port that swaps MAC addresses and sends back: a back-end that is not ours. */
final class Testpmd implements AutoCloseable {
    private final Process process;
    private final Thread reader;
    private final List<String> lines = new ArrayList<>();

    private Testpmd(final Process process) {
        this.process = process;
        this.reader = new Thread(this::read, "testpmd output");
        reader.setDaemon(true);
        reader.start();
    }

    /** Whether it is installed; if not, says so in one line. */
    static boolean isInstalled() {
        final boolean found = Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "dpdk-testpmd")));
        if (!found) {
            System.out.println("skipped: dpdk-testpmd is missing "
                + "(apt-get install dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus)");
        }
        return found;
    }

    /**
     * Starts it, and returns when it forwards or waits for a front-end.
     *
     * @param options of the vdev, such as {@code ",client=1"}; may be empty.
     */
    static Testpmd start(final Path socket, final int queues, final String options) throws IOException {
        final String prefix = "millrace" + ProcessHandle.current().pid() + "-" + System.nanoTime();
        final ProcessBuilder builder = new ProcessBuilder("stdbuf", "-oL", "dpdk-testpmd", "-l", "0,1", "--no-pci",
            "--no-huge", "-m", "256", "--no-telemetry", "--file-prefix", prefix,
            "--vdev", "net_vhost0,iface=" + socket + ",queues=" + queues + options,
            "--", "--forward-mode=macswap", "--port-topology=loop", "--total-num-mbufs=16384", "--auto-start",
            "--rxq=" + queues, "--txq=" + queues, "--nb-cores=1", "--no-lsc-interrupt", "--disable-link-check", "-i");
        final Testpmd testpmd = new Testpmd(builder.redirectErrorStream(true).start());
        try {
            Await.until("testpmd forwards: " + testpmd.output(), () -> testpmd.output().contains("testpmd>")
                || !testpmd.process.isAlive());
            if (!testpmd.process.isAlive()) {
                throw new IllegalStateException("testpmd ended:\n" + testpmd.output());
            }
        } catch (final RuntimeException | AssertionError e) {
            testpmd.kill();
            throw e;
        }
        return testpmd;
    }

    private void read() {
        try (BufferedReader in = new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            final StringBuilder line = new StringBuilder();
            for (int c = in.read(); c != -1; c = in.read()) {
                line.append((char) c);
                // The prompt has no line end.
                if (c == '\n' || line.toString().equals("testpmd> ")) {
                    synchronized (lines) {
                        lines.add(line.toString());
                    }
                    line.setLength(0);
                }
            }
        } catch (final IOException e) {
            // The process is gone, and its output with it.
        }
    }

    /** All it has printed. */
    String output() {
        synchronized (lines) {
            return String.join("", lines);
        }
    }

    /** kill -9. */
    void kill() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("testpmd does not die");
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Asks it to end, and makes it. */
    @Override
    public void close() {
        try (OutputStream in = process.getOutputStream()) {
            in.write("quit\n".getBytes(StandardCharsets.US_ASCII));
            in.flush();
            process.waitFor(5, TimeUnit.SECONDS);
        } catch (final IOException e) {
            // It has ended already.
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        kill();
    }
}

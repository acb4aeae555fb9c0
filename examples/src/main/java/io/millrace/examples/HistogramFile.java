/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Where latencies are written to, if the user says so: HdrHistogram's percentiles, which its plotters read. */
final class HistogramFile {
    private static final double NS_PER_US = 1000;

    @Option(names = "--histogram", paramLabel = "FILE", order = 28,
        description = "write all percentiles of the latency to FILE, in microseconds, as HdrHistogram does")
    private Path path;

    boolean isWanted() {
        return path != null;
    }

    /**
     * Makes sure, before anything is measured, that the file can be written; it is empty then.
     *
     * @throws ConfigurationException if not.
     */
    void check() {
        write(null);
    }

    /** Writes them, if that is wanted; returns them. */
    Latencies written(final Latencies latencies) {
        write(latencies);
        return latencies;
    }

    private void write(final Latencies latencies) {
        if (path == null) {
            return;
        }
        try (PrintStream out = new PrintStream(Files.newOutputStream(path, StandardOpenOption.CREATE,
            StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING), false, StandardCharsets.UTF_8)) {
            if (latencies != null) {
                latencies.histogram().outputPercentileDistribution(out, NS_PER_US);
                if (out.checkError()) {
                    throw new IOException("not all of it could be written");
                }
            }
        } catch (final IOException e) {
            throw new ConfigurationException("the histogram cannot be written to " + path + " (" + e.getMessage()
                + "): name a file in a folder that you may write to, on a disk that is not full");
        }
    }
}

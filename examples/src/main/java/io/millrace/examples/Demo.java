/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.DataplaneException;
import io.millrace.LinkState;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.Graph;
import io.millrace.pipeline.traffic.Traffic;
import io.millrace.pipeline.traffic.Verdict;
import io.millrace.virtqueue.VhostUser;
import io.millrace.virtqueue.VirtioUser;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A switch, and stations that are the network cards of virtual machines but for the machines. Both talk by the protocol
 * and through the rings that QEMU uses; each station sends to the next one.
 *
 * <pre>
 *          data plane "stations"          |  socket,  |         data plane of the command
 *   traffic0 &lt;--&gt; station0 (VirtioUser) &lt;---memory----&gt; station0 (VhostUser) &lt;--\
 *   traffic1 &lt;--&gt; station1 (VirtioUser) &lt;-------------&gt; station1 (VhostUser) &lt;--- LearningSwitch
 *   traffic2 &lt;--&gt; station2 (VirtioUser) &lt;-------------&gt; station2 (VhostUser) &lt;--/
 * </pre>
 *
 * <p>A sender has {@value #WINDOW} packets on the way at most. Even while the switch floods, because it has not learned
 * yet, no ring of {@value #RING} buffers can overflow: a lost packet is a fault, not load.
 */
final class Demo implements Job {
    static final int STATIONS = 3;

    private static final int WINDOW = 512;
    private static final int RING = 2048;
    private static final int FLOWS = 16;

    private final HistogramFile histogram;
    private final Path folder;
    private final List<Traffic> traffic = new ArrayList<>();
    private final List<Port> stations = new ArrayList<>();
    private Dataplane dataplane;
    private boolean isStarted;
    private double lastSeconds;
    private long lastPackets;
    private long lastBytes;

    Demo(final HistogramFile histogram) {
        this.histogram = histogram;
        try {
            folder = Files.createTempDirectory("millrace-demo");
        } catch (final IOException e) {
            throw new DataplaneException("no folder for sockets can be made: " + e.getMessage()
                + "; set TMPDIR, or free space in /tmp", e);
        }
    }

    private String socket(final int station) {
        return folder.resolve("station" + station + ".sock").toString();
    }

    /** The switch's side. */
    List<PollModeDriver> drivers() {
        final List<PollModeDriver> drivers = new ArrayList<>();
        for (int i = 0; i < STATIONS; i++) {
            drivers.add(VhostUser.listen(socket(i)));
        }
        return drivers;
    }

    @Override
    public Graph wire(final List<Port> ports) {
        return SwitchCommand.wire(ports);
    }

    @Override
    public void start(final Dataplane ofTheSwitch) {
        dataplane = Dataplane.builder().name("stations").heedSignals(false).build();
        for (int i = 0; i < STATIONS; i++) {
            traffic.add(Traffic.named("traffic" + i).source("02:4d:52:00:01:0" + i).flows(FLOWS).sizes("imix")
                .paused());
        }
        final Graph graph = new Graph();
        for (int i = 0; i < STATIONS; i++) {
            final Traffic next = next(i);
            final Port end = dataplane.open(traffic.get(i).destination(next).window(WINDOW, next));
            final Port card = dataplane.open(VirtioUser.connect(socket(i)).ringSize(RING));
            stations.add(card);
            graph.from(end).to(card);
            graph.from(card).to(end);
        }
        dataplane.start(graph);
    }

    private Traffic next(final int station) {
        return traffic.get((station + 1) % STATIONS);
    }

    @Override
    public boolean isDone() {
        if (!isStarted && stations.stream().allMatch(port -> port.link() == LinkState.UP)) {
            traffic.forEach(Traffic::start);
            isStarted = true;
        }
        return false;
    }

    @Override
    public Optional<String> progress(final double seconds) {
        final long packets = traffic.stream().mapToLong(Traffic::received).sum();
        final long bytes = Totals.of(dataplane.counters().snapshot()).ports().entrySet().stream()
            .filter(port -> port.getKey().startsWith("traffic"))
            .flatMap(port -> port.getValue().values().stream()).mapToLong(Totals.Queue::txBytes).sum();
        final double elapsed = Math.max(1e-3, seconds - lastSeconds);
        final String line = String.format("%7.3f Mpps  %7.3f Gbit/s  %,15d packets checked",
            (packets - lastPackets) / elapsed / 1e6, (bytes - lastBytes) * 8 / elapsed / 1e9, packets);
        lastSeconds = seconds;
        lastPackets = packets;
        lastBytes = bytes;
        return Optional.of(line);
    }

    @Override
    public void stop() {
        if (isStarted) {
            traffic.forEach(Traffic::stop);
        }
    }

    @Override
    public boolean isSettled() {
        boolean isSettled = true;
        for (int i = 0; i < STATIONS && isStarted; i++) {
            isSettled &= traffic.get(i).isStopped() && traffic.get(i).sent() == next(i).received();
        }
        return isSettled;
    }

    @Override
    public Optional<Outcome> outcome() {
        Verdict all = new Verdict(0, 0, 0, 0, 0, 0, 0);
        Latencies latencies = Latencies.none();
        for (int i = 0; i < STATIONS && isStarted; i++) {
            all = all.plus(next(i).verdict(traffic.get(i)));
            latencies = latencies.plus(Latencies.of(next(i), traffic.get(i)));
        }
        return Optional.of(Outcome.of(all, histogram.written(latencies)));
    }

    @Override
    public void close() {
        if (dataplane != null) {
            dataplane.close();
        }
    }

    @Override
    public void cleanUp() {
        try {
            Files.deleteIfExists(folder);
        } catch (final IOException e) {
            throw new DataplaneException("the folder " + folder + " cannot be removed: " + e.getMessage(), e);
        }
    }
}

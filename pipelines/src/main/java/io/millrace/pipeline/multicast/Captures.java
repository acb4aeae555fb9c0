/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.filter.PacketFilter;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/**
 * Captures of a data plane that runs: each is switched on and off by applying the graph with and without its probes.
 * While nothing is captured the graph has none, and nothing is paid.
 *
 * <pre>{@code
 * Captures captures = new Captures(dataplane);
 * Capture capture = captures.start("edge", List.of("vm0-learning-switch"), PacketFilter.compile("udp port 53"),
 *     capture -> capture.to(Path.of("/tmp/edge.pcapng")).count(1000));
 * }</pre>
 *
 * <p>The filter runs on the workers, so what it rejects is not even copied. Each capture has a {@link Multicast} of its
 * own, and counts as that. When it ends, for whatever reason, its probes go. Packets are kept as far as a normal frame
 * holds them; to have all of jumbo packets, ask for a larger {@link CaptureBuilder#snap}.
 *
 * <p>Thread safety: all methods may be called from any thread. Close it before the data plane.
 */
public final class Captures implements AutoCloseable {
    private final Dataplane dataplane;
    // Guarded by the first of them. A name is taken before its capture runs: to open a pipe may take long.
    private final Map<String, Lookout> taken = new HashMap<>();
    private final Map<String, Capture> running = new LinkedHashMap<>();

    /** No captures yet. */
    public Captures(final Dataplane dataplane) {
        this.dataplane = dataplane;
    }

    /**
     * Switches a capture on. Returns when every packet from now on is seen.
     *
     * @param name   of the capture, of letters, digits, {@code . _ -}, unique among those that run.
     * @param wires  names of wires of the graph that runs ({@link io.millrace.pipeline.Wire#name}); none: all of them.
     * @param filter which packets.
     * @param how    says where it writes, how much, and until when.
     * @return the capture; {@link Capture#close} switches it off.
     * @throws ConfigurationException               if the name is none, or is taken, or {@code how} asks for something
     *                                              that cannot be.
     * @throws io.millrace.pipeline.WiringException if there is no such wire.
     * @throws IllegalStateException                if no graph runs.
     */
    public Capture start(final String name, final Collection<String> wires, final PacketFilter filter,
                         final UnaryOperator<CaptureBuilder> how) {
        // Says so if there is no such wire, before a file is emptied.
        wires.forEach(dataplane.graph()::wire);
        return start(name, how, (watched, multicast) -> watched.on(wires, (worker, wire) ->
            multicast.probe(worker, wire.name(), Lookout.text(wire), filter::matches)));
    }

    /**
     * Switches a capture on of what is dropped: by nodes, at unconnected outputs, where a ring or a queue between
     * workers is full. Each place and reason is an interface of the file, named {@code drop:learning-switch.hairpin},
     * and the comment of each packet says it in words. What drivers drop inside themselves has counters only. Returns
     * when every drop from now on is seen.
     *
     * @param name   as for the other captures.
     * @param filter which packets.
     * @param how    says where it writes, how much, and until when.
     * @throws ConfigurationException if the name is none, or is taken, or {@code how} asks for something that cannot
     *                                be.
     * @throws IllegalStateException  if no graph runs.
     */
    public Capture startDrops(final String name, final PacketFilter filter, final UnaryOperator<CaptureBuilder> how) {
        return start(name, how, (watched, multicast) -> watched.on((worker, point) ->
            multicast.probe(worker, point, filter::matches)));
    }

    private Capture start(final String name, final UnaryOperator<CaptureBuilder> how,
                          final BiConsumer<Lookout, Multicast> on) {
        final CaptureBuilder builder = how.apply(new CaptureBuilder());
        final Multicast multicast = multicast(name, builder.copiedBytes());
        final Lookout watched = new Lookout(dataplane);
        synchronized (taken) {
            if (taken.putIfAbsent(name, watched) != null) {
                throw new ConfigurationException("a capture " + name
                    + " runs already: stop it, or take another name");
            }
        }
        Capture capture = null;
        try {
            capture = builder.of(multicast).named(name).onEnd(() -> end(name, watched)).start();
            synchronized (taken) {
                // It may have ended meanwhile.
                if (taken.get(name) == watched) {
                    running.put(name, capture);
                }
            }
            // It listens already: nothing is missed.
            on.accept(watched, multicast);
            return capture;
        } catch (final RuntimeException | Error e) {
            if (capture != null) {
                capture.close();
            }
            end(name, watched);
            throw e;
        }
    }

    /** Larger copies are fewer, so that a ring stays about as large. */
    private Multicast multicast(final String name, final int snapBytes) {
        final int slots = Multicast.DEFAULT_SLOTS * Multicast.DEFAULT_SNAP_BYTES / snapBytes;
        return Multicast.create(name, dataplane.counters(), Integer.highestOneBit(slots), snapBytes);
    }

    private void end(final String name, final Lookout watched) {
        watched.off();
        synchronized (taken) {
            if (taken.remove(name, watched)) {
                running.remove(name);
            }
        }
    }

    /** The captures that run, by name, in the order of their start. */
    public Map<String, Capture> running() {
        synchronized (taken) {
            return new LinkedHashMap<>(running);
        }
    }

    /** Ends all of them. */
    @Override
    public void close() {
        running().values().forEach(Capture::close);
    }
}

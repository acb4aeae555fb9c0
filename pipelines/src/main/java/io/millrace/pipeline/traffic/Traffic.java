/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.packet.MacAddress;
import org.HdrHistogram.Histogram;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A port that generates packets where others receive, and verifies them where others transmit. Each packet is Ethernet,
 * IPv4 and UDP with proper lengths and checksums, has a number in its flow, and a content that follows from the number.
 *
 * <pre>{@code
 * Traffic sender = Traffic.named("sender").flows(16).sizes("imix").rate(1_000_000).count(10_000_000);
 * Traffic sink = Traffic.named("sink").sinkOnly();
 * Port from = dataplane.open(sender);
 * Port to = dataplane.open(sink);
 * ...
 * sink.verdict(sender).isClean()
 * }</pre>
 *
 * <p>Where an echo exchanges the MAC addresses and sends the packets back, one object is both, and {@link #verdict()}
 * is about its own packets.
 *
 * <p>Each packet carries the time at which it was due, and the verifier keeps a histogram of how long they were on the
 * way ({@link #latency}).
 *
 * <p>Counters: those of a port; {@code port/NAME/rx0/skipped} (packets that {@link #rate} asked for and that were never
 * made, because the worker was held up for more than a hundredth of a second); and {@code port/NAME/verify/}
 * {@code lost}, {@code duplicate}, {@code reordered}, {@code corrupt}, {@code foreign}, {@code untracked} (packets of
 * more flows than {@link #tracked}), {@code untimed} (packets whose time is of another clock, or 60 seconds ago).
 *
 * <p>Thread safety: describe it on one thread, then open it, once. {@link #start}, {@link #stop}, {@link #isFinished}
 * and the verdicts from any thread, as long as the data plane is not closed.
 */
public final class Traffic implements PollModeDriver {
    /** The most flows of one generator. */
    public static final int MAX_FLOWS = 65_536;

    private static final long DEFAULT_SOURCE = 0x024D_5200_0000L;
    private static final long DEFAULT_DESTINATION = 0x024D_52FF_FFFFL;
    private static final int STREAM_MASK = 0xFFFF;
    private static final int DEFAULT_TRACKED = 4096;
    private static final long UNSET = -1;
    // Random, so that two processes differ; counted on, so that no two in this one are the same.
    private static final AtomicInteger NEXT_STREAM = new AtomicInteger(ThreadLocalRandom.current().nextInt());

    private final String name;
    private final int stream = NEXT_STREAM.getAndIncrement() & STREAM_MASK;
    private int flows = 1;
    private int[] sizes = {64};
    private long rate;
    private long count = Long.MAX_VALUE;
    private long source = UNSET;
    private long destination = DEFAULT_DESTINATION;
    private int tracked = DEFAULT_TRACKED;
    private long window;
    private Traffic windowEnd;
    private boolean isSinkOnly;
    private boolean isStarted = true;
    private volatile TrafficPort port;

    private Traffic(final String name) {
        this.name = name;
    }

    /** Traffic at a port of that name: one flow of packets of 64 bytes, as many and as fast as possible. */
    public static Traffic named(final String name) {
        if (!name.matches("[A-Za-z0-9._-]+")) {
            throw new ConfigurationException(
                "\"" + name + "\" is no name for a port: use letters, digits, '.', '_', '-'");
        }
        return new Traffic(name);
    }

    /** Generates that many flows in turn, 1 to {@link #MAX_FLOWS}. They differ in the UDP source port. */
    public Traffic flows(final int number) {
        if (number < 1 || number > MAX_FLOWS) {
            throw new ConfigurationException(number + " flows cannot be: take 1 to " + MAX_FLOWS);
        }
        flows = number;
        return this;
    }

    /** Generates packets of these sizes in turn, each 60 to 65549 bytes from the Ethernet header, without FCS. */
    public Traffic sizes(final int... bytes) {
        sizes = Sizes.check(bytes.clone());
        return this;
    }

    /** Generates packets of the sizes written in {@code text}: {@code 64}, {@code 64,590,1514} or {@code imix}. */
    public Traffic sizes(final String text) {
        sizes = Sizes.parse(text);
        return this;
    }

    /** Generates that many packets a second; 0 is as many as possible. */
    public Traffic rate(final long packetsPerSecond) {
        if (packetsPerSecond < 0) {
            throw new ConfigurationException("a rate of " + packetsPerSecond + " cannot be: 0 is without limit");
        }
        rate = packetsPerSecond;
        return this;
    }

    /** Generates that many packets and no more. */
    public Traffic count(final long packets) {
        if (packets < 1) {
            throw new ConfigurationException(packets + " packets cannot be: take 1 or more, or sinkOnly()");
        }
        count = packets;
        return this;
    }

    /**
     * Keeps at most that many packets on the way: generates on as they arrive at {@code receiver}, which all of them
     * are meant for and nobody else sends to. With fewer than any ring on the way holds, none need be lost. One that is
     * lost all the same keeps its place for good.
     */
    public Traffic window(final int packets, final Traffic receiver) {
        if (packets < 1) {
            throw new ConfigurationException("a window of " + packets + " packets cannot be: take 1 or more");
        }
        window = packets;
        windowEnd = receiver;
        return this;
    }

    /** Sends from this MAC address, and verifies only what is addressed to it or to a group. */
    public Traffic source(final String mac) {
        source = unicast(mac);
        return this;
    }

    /** Sends to this MAC address; a group's too. */
    public Traffic destination(final String mac) {
        destination = address(mac);
        return this;
    }

    /** Sends to the station that {@code other} is. Both have to have a {@link #source}. */
    public Traffic destination(final Traffic other) {
        if (other.source == UNSET) {
            throw new ConfigurationException(
                "port " + other.name + " has no address yet: call source(...) on it first");
        }
        destination = other.source;
        return this;
    }

    /** Generates nothing. Without {@link #source} it verifies what is addressed to anybody. */
    public Traffic sinkOnly() {
        isSinkOnly = true;
        return this;
    }

    /** Waits for {@link #start} before it generates. */
    public Traffic paused() {
        isStarted = false;
        return this;
    }

    /** Follows the numbers of that many flows when verifying, 1 or more; 4096 if not called. */
    public Traffic tracked(final int number) {
        if (number < 1 || number > 1 << 18) {
            throw new ConfigurationException(number + " flows cannot be followed: take 1 to " + (1 << 18));
        }
        tracked = number;
        return this;
    }

    /**
     * Opens the port. Called by the data plane, once.
     *
     * @throws ConfigurationException if it is open already.
     */
    @Override
    public synchronized Port open(final PortContext context) {
        if (port != null) {
            throw new ConfigurationException("traffic " + name + " is open already: make a second one");
        }
        port = new TrafficPort(this, context);
        return port;
    }

    /** Begins to generate, or goes on. */
    public void start() {
        opened().rx(0).running(!isSinkOnly);
    }

    /** Pauses, as soon as the worker that generates takes note. What is on the way stays on the way. */
    public void stop() {
        opened().rx(0).running(false);
    }

    /** Whether the worker that generates has taken note of {@link #stop}: {@link #sent} stays as it is now. */
    public boolean isStopped() {
        return isSinkOnly || opened().rx(0).isStopped();
    }

    /** Packets generated so far. */
    public long sent() {
        return opened().rx(0).sent();
    }

    /** Numbered packets for this station received so far. */
    public long received() {
        return opened().tx(0).received();
    }

    /** Whether {@link #count} packets have been generated. */
    public boolean isFinished() {
        return isSinkOnly || sent() == count;
    }

    /**
     * What became of its own packets, if they come back to it. Of a sink, what the numbers it saw tell: gaps, but not
     * what is missing at the end.
     */
    public Verdict verdict() {
        return isSinkOnly ? opened().tx(0).verdict() : opened().tx(0).verdict(sent());
    }

    /** What became of the packets that {@code senders} sent, if all of them were meant for this one. */
    public Verdict verdict(final Traffic... senders) {
        long sent = 0;
        for (final Traffic sender : senders) {
            sent += sender.sent();
        }
        return opened().tx(0).verdict(sent);
    }

    /**
     * How long the packets received so far were on the way, in nanoseconds, with three digits. Counts from when a
     * packet was due to when the burst that it came in was verified. With a {@link #rate} it was due when the rate
     * says, however late it was made: so the time counts for which a stall of what is measured held up the sender
     * (coordinated omission), but for packets {@link #skipped}. Without one it was due when it was made: under full
     * load that tells how long the queues are.
     *
     * <p>The clock is {@link System#nanoTime()}, on Linux CLOCK_MONOTONIC, which all processes of a host share (unless
     * one is in a time namespace). Packets of other hosts are counted as {@link #untimed}.
     *
     * @return a copy for the caller. Asking does not disturb the worker.
     */
    public Histogram latency() {
        return opened().tx(0).latency();
    }

    /** Numbered packets received that are not in {@link #latency()}: of another clock's time, or of too long ago. */
    public long untimed() {
        return opened().tx(0).untimed();
    }

    /** Packets that the {@link #rate} asked for and that were never made, because they were too late. */
    public long skipped() {
        return opened().rx(0).skipped();
    }

    private TrafficPort opened() {
        final TrafficPort opened = port;
        if (opened == null) {
            throw new IllegalStateException("traffic " + name + " is not open: call dataplane.open(...) first");
        }
        return opened;
    }

    private static long address(final String mac) {
        try {
            return MacAddress.parse(mac);
        } catch (final IllegalArgumentException e) {
            throw new ConfigurationException(e.getMessage());
        }
    }

    private static long unicast(final String mac) {
        final long address = address(mac);
        if (!MacAddress.isUnicast(address)) {
            throw new ConfigurationException(mac + " cannot be a source: it is not the address of one station");
        }
        return address;
    }

    String name() {
        return name;
    }

    int stream() {
        return stream;
    }

    int flowCount() {
        return flows;
    }

    int[] sizeCycle() {
        return sizes;
    }

    long packetsPerSecond() {
        return rate;
    }


    /** How many packets may be generated now if {@code sent} have been. */
    long room(final long sent) {
        if (windowEnd == null) {
            return count - sent;
        }
        final TrafficPort end = windowEnd.port;
        final long onTheWay = sent - (end == null ? 0 : end.tx(0).received());
        return Math.min(Math.max(0, window - onTheWay), count - sent);
    }

    long sourceOf(final int portId) {
        return source == UNSET ? DEFAULT_SOURCE + portId + 1 : source;
    }

    long destinationOf() {
        return destination;
    }

    boolean takesAll() {
        return isSinkOnly && source == UNSET;
    }

    boolean isStarted() {
        return isStarted && !isSinkOnly;
    }

    int trackedFlows() {
        return Math.max(tracked, flows);
    }
}

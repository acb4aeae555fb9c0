/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Writes packets to a pcapng file while they pass, on a thread of its own: {@link CaptureBuilder} says which and where.
 *
 * <p>Each wire is an interface of the file, with its name and description. Packets have nanoseconds, their original
 * length, a comment, and the number of those that were lost just before them ({@code epb_dropcount}). At the end of the
 * file the counts of each interface follow. What was read is handed on as soon as there is a pause, five times a second
 * at least: Wireshark and {@code tail -f} can follow.
 *
 * <p>A disk that is full, a pipe that nobody reads any more: this capture ends, with one line in the log; nothing else
 * does.
 *
 * <p>Thread safety: all methods may be called from any thread.
 */
public final class Capture extends Subscriber {
    private static final long FLUSH_NS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int NO_INTERFACE = -1;

    private final Multicast multicast;
    private final Target target;
    private final int snapBytes;
    private final long count;
    private final Predicate<PacketCopy> filter;
    private final Function<PacketCopy, String> comment;
    private final PcapngWriter writer;
    private final Runnable onEnd;
    private final Gaps gaps = new Gaps();
    private final long startNs = System.nanoTime();
    // By number of the wire.
    private Statistics[] statistics = {};
    private long flushedNs = startNs;
    private volatile long packets;

    Capture(final CaptureBuilder builder, final Target target, final Subscription subscription) {
        super("capture", subscription);
        this.multicast = builder.multicast();
        this.target = target;
        this.snapBytes = builder.snapBytes();
        this.count = builder.count();
        this.filter = builder.filter();
        this.comment = builder.comment();
        this.onEnd = builder.onEnd();
        this.writer = new PcapngWriter(target);
    }

    /** Begins the description of a capture of what {@code multicast} publishes. */
    public static CaptureBuilder of(final Multicast multicast) {
        return new CaptureBuilder().of(multicast);
    }

    /** How many packets were written so far. */
    public long packets() {
        return packets;
    }

    @Override
    void begin() throws IOException {
        writer.section("Millrace");
        writer.flush();
    }

    @Override
    boolean take(final PacketCopy copy) throws IOException {
        final Statistics wire = statistics(copy);
        final long missing = gaps.before(copy);
        wire.seen++;
        wire.lost += missing;
        wire.lostBefore += missing;
        if (!filter.test(copy)) {
            return true;
        }
        if (wire.number == NO_INTERFACE) {
            wire.number = writer.addInterface(copy.wire(), copy.description(), snapBytes);
        }
        writer.packet(wire.number, copy, snapBytes, wire.lostBefore, comment.apply(copy));
        wire.lostBefore = 0;
        wire.written++;
        packets = packets + 1;
        return packets < count;
    }

    private Statistics statistics(final PacketCopy copy) {
        final int id = copy.wireId();
        if (id >= statistics.length) {
            statistics = Arrays.copyOf(statistics, id + 1);
        }
        if (statistics[id] == null) {
            statistics[id] = new Statistics();
        }
        return statistics[id];
    }

    @Override
    void pause(final long nowNs, final boolean isIdle) throws IOException {
        if (!writer.isFlushed() && (isIdle || nowNs - flushedNs > FLUSH_NS)) {
            writer.flush();
            flushedNs = nowNs;
        }
    }

    @Override
    void finish() throws IOException {
        final long endNs = multicast.epochNs(System.nanoTime());
        long unknown = lost();
        for (final Statistics wire : statistics) {
            unknown -= wire == null ? 0 : wire.lost;
        }
        for (final Statistics wire : statistics) {
            if (wire != null && wire.number != NO_INTERFACE) {
                writer.statistics(wire.number, multicast.epochNs(startNs), endNs, wire.seen, wire.written, wire.lost,
                    unknown == 0 ? "" : unknown + " more packets were lost, nobody knows of which interfaces");
            }
        }
        writer.flush();
    }

    @Override
    void release() throws IOException {
        target.close();
    }

    @Override
    void ended() {
        onEnd.run();
    }

    @Override
    String explain(final IOException e) {
        return target.explain(e);
    }

    /** What is counted for one wire. */
    private static final class Statistics {
        int number = NO_INTERFACE;
        long seen;
        long written;
        long lost;
        // Since the packet that was written last.
        long lostBefore;
    }
}

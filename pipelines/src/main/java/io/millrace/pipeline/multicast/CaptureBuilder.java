/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;
import io.millrace.FramePool;

import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Says what a {@link Capture} captures and where it writes. Unless said otherwise: everything, whole, with the two ends
 * of the wire as comment, until it is closed.
 *
 * <pre>{@code
 * try (Capture capture = Capture.of(multicast).to(Path.of("/tmp/edge.pcapng")).count(1000).start()) {
 *     capture.await(Duration.ofSeconds(10));
 * }
 * }</pre>
 *
 * <p>Thread safety: none.
 */
public final class CaptureBuilder {
    private static final int NOT_SAID = 0;

    private Multicast multicast;
    private String name = "capture";
    private Supplier<Target> target;
    private int snapBytes = NOT_SAID;
    private long count = Long.MAX_VALUE;
    private Predicate<PacketCopy> filter = copy -> true;
    private Function<PacketCopy, String> comment = PacketCopy::description;
    private Runnable onEnd = () -> {
    };

    CaptureBuilder() {
    }

    CaptureBuilder of(final Multicast which) {
        multicast = Objects.requireNonNull(which, "of which multicast?");
        return this;
    }

    /** Its name as a subscriber, {@code capture} unless set. */
    public CaptureBuilder named(final String newName) {
        name = newName;
        return this;
    }

    /**
     * Writes to a file. One that is there is emptied; a new one can be read by its owner only. With a named pipe
     * {@link #start} waits for its reader.
     */
    public CaptureBuilder to(final Path path) {
        target = () -> Target.file(path);
        return this;
    }

    /** Writes to a stream, which stays open at the end. */
    public CaptureBuilder to(final OutputStream stream) {
        target = () -> Target.stream(stream);
        return this;
    }

    /** Keeps at most that many bytes of each packet, 1 or more; no more than the multicast has. */
    public CaptureBuilder snap(final int bytes) {
        if (bytes < 1) {
            throw new ConfigurationException("a snap length of " + bytes + " bytes cannot be: take 1 or more");
        }
        snapBytes = bytes;
        return this;
    }

    /** Ends by itself after that many packets, 1 or more. */
    public CaptureBuilder count(final long packets) {
        if (packets < 1) {
            throw new ConfigurationException("a capture of " + packets + " packets cannot be: take 1 or more");
        }
        count = packets;
        return this;
    }

    /** Keeps only what passes {@code test}, which is called on the thread of the capture. */
    public CaptureBuilder filter(final Predicate<PacketCopy> test) {
        filter = Objects.requireNonNull(test);
        return this;
    }

    /** Says what to remark on each packet, on the thread of the capture; an empty text is left out. */
    public CaptureBuilder comment(final Function<PacketCopy, String> text) {
        comment = Objects.requireNonNull(text);
        return this;
    }

    /**
     * Begins to capture.
     *
     * @throws ConfigurationException if there is no target, it cannot be opened, or the name is taken.
     */
    public Capture start() {
        if (target == null) {
            throw new ConfigurationException("a capture needs a target: say to(path) or to(stream)");
        }
        final Subscription subscription = multicast.subscribe(name);
        try {
            final Capture capture = new Capture(this, target.get(), subscription);
            capture.start();
            return capture;
        } catch (final RuntimeException | Error e) {
            subscription.close();
            throw e;
        }
    }

    /** Has {@code task} run on the thread of the capture before it is done. */
    CaptureBuilder onEnd(final Runnable task) {
        onEnd = task;
        return this;
    }

    Runnable onEnd() {
        return onEnd;
    }

    Multicast multicast() {
        return multicast;
    }

    int snapBytes() {
        return snapBytes == NOT_SAID ? multicast.snapBytes() : Math.min(snapBytes, multicast.snapBytes());
    }

    /** The bytes that a multicast for this capture alone has to copy. */
    int copiedBytes() {
        return Math.max(Multicast.DEFAULT_SNAP_BYTES, Math.min(snapBytes, FramePool.JUMBO_CAPACITY));
    }

    long count() {
        return count;
    }

    Predicate<PacketCopy> filter() {
        return filter;
    }

    Function<PacketCopy, String> comment() {
        return comment;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.millrace.ConfigurationException;
import io.millrace.DataplaneException;
import io.millrace.linux.Epoll;
import io.millrace.linux.ReceivedFds;
import io.millrace.linux.UnixSocket;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * Asks a running process, and waits for its answers.
 *
 * <pre>{@code
 * try (ControlClient client = ControlClient.connect(socket)) {
 *     GraphView view = client.ask("view", GraphView.class);
 * }
 * }</pre>
 *
 * <p>Thread safety: none. It waits, so it is nothing for a control loop.
 */
public final class ControlClient implements AutoCloseable {
    /** How long an answer may take if {@link #timeout} is not called. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    private static final int TRANSFER = 64 * 1024;

    private final Path path;
    private final UnixSocket socket;
    private final Epoll epoll = Epoll.create();
    private final ByteBuffer transfer = ByteBuffer.allocateDirect(TRANSFER).limit(0);
    private Duration timeout = DEFAULT_TIMEOUT;
    private long lastId;

    private ControlClient(final Path path, final UnixSocket socket) {
        this.path = path;
        this.socket = socket;
        epoll.add(socket.fd(), Epoll.IN, 0);
    }

    /**
     * Connects to the socket of a running process.
     *
     * @throws io.millrace.linux.LinuxException if nobody serves it, or this process may not connect.
     * @throws ConfigurationException           if a process of another user serves it.
     */
    public static ControlClient connect(final Path path) {
        final UnixSocket socket = UnixSocket.connect(path);
        if (!socket.isOfSameUser()) {
            socket.close();
            throw new ConfigurationException("a process of another user serves " + path + ": become that user");
        }
        return new ControlClient(path, socket);
    }

    /** How long an answer may take from now on. */
    public void timeout(final Duration time) {
        timeout = time;
    }

    /**
     * Asks, without arguments.
     *
     * @param type what the answer is: a record, such as {@link Requests.Hello}.
     * @see #ask(String, Map)
     */
    public <T> T ask(final String request, final Class<T> type) {
        return as(ask(request, Map.of()), type);
    }

    /**
     * Asks.
     *
     * @param arguments text, numbers and booleans by name.
     * @throws ConfigurationException if the process refuses; its message is the reason.
     * @throws DataplaneException     if the process is gone, or does not answer in time. This client is of no use then.
     */
    public JsonElement ask(final String request, final Map<String, ?> arguments) {
        final JsonObject object = new JsonObject();
        object.addProperty(Protocol.ID, ++lastId);
        object.addProperty(Protocol.DO, request);
        arguments.forEach((name, value) -> object.add(name, Protocol.gson().toJsonTree(value)));
        final long deadlineNs = System.nanoTime() + timeout.toNanos();
        send((Protocol.gson().toJson(object) + '\n').getBytes(StandardCharsets.UTF_8), deadlineNs);
        final JsonObject answer = parse(receive(deadlineNs));
        if (answer.has(Protocol.ERROR)) {
            throw new ConfigurationException(answer.get(Protocol.ERROR).getAsString());
        }
        return answer.get(Protocol.OK);
    }

    /**
     * Turns an answer into a record, or an array of them.
     *
     * @throws DataplaneException if it is something else: the process speaks another protocol.
     */
    public <T> T as(final JsonElement answer, final Class<T> type) {
        try {
            return Protocol.gson().fromJson(answer, type);
        } catch (final JsonParseException e) {
            throw new DataplaneException("what serves " + path + " is another version of Millrace: use the one that "
                + "it was started with", e);
        }
    }

    private void send(final byte[] request, final long deadlineNs) {
        final ByteBuffer out = ByteBuffer.allocateDirect(request.length).put(request).flip();
        while (out.hasRemaining()) {
            final int sent = socket.send(out, null);
            if (sent < 0) {
                // It may have said why before it closed.
                return;
            }
            if (sent == 0) {
                await(Epoll.OUT, deadlineNs);
            }
        }
    }

    private String receive(final long deadlineNs) {
        final ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            while (transfer.hasRemaining()) {
                final byte next = transfer.get();
                if (next == '\n') {
                    return line.toString(StandardCharsets.UTF_8);
                }
                line.write(next);
            }
            if (line.size() > Protocol.MAX_ANSWER) {
                throw new DataplaneException("what serves " + path + " answers without end");
            }
            fill(deadlineNs);
        }
    }

    private void fill(final long deadlineNs) {
        transfer.clear();
        try (ReceivedFds fds = new ReceivedFds()) {
            int bytes = socket.receive(transfer, fds);
            while (bytes == 0) {
                await(Epoll.IN, deadlineNs);
                bytes = socket.receive(transfer, fds);
            }
            if (bytes < 0) {
                throw new DataplaneException("the process that served " + path + " has ended");
            }
        }
        transfer.flip();
    }

    private void await(final int events, final long deadlineNs) {
        epoll.modify(socket.fd(), events, 0);
        while (true) {
            final long leftNs = deadlineNs - System.nanoTime();
            if (leftNs <= 0) {
                throw new DataplaneException("the process that serves " + path + " has not answered within "
                    + timeout.toMillis() + " ms");
            }
            if (epoll.awaitNs(leftNs) > 0) {
                return;
            }
        }
    }

    private JsonObject parse(final String line) {
        try {
            return JsonParser.parseString(line).getAsJsonObject();
        } catch (final JsonParseException | IllegalStateException e) {
            throw new DataplaneException("what serves " + path + " is no Millrace", e);
        }
    }

    /** Closes the connection; what was switched on through it ends. */
    @Override
    public void close() {
        epoll.close();
        socket.close();
    }
}

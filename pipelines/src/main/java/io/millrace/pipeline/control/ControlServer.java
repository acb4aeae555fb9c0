/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.millrace.ConfigurationException;
import io.millrace.ControlLoop;
import io.millrace.DataplaneException;
import io.millrace.linux.Epoll;
import io.millrace.linux.LinuxException;
import io.millrace.linux.UnixListener;
import io.millrace.linux.UnixSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets other processes of the same user, and root, look into this one and change it, over a Unix socket.
 *
 * <pre>{@code
 * try (Dataplane dataplane = Dataplane.create();
 *      ControlLoop loop = ControlLoop.start("control");
 *      ControlServer control = ControlServer.start(loop, socket, Requests.of(dataplane, ...))) {
 *     dataplane.start(graph);
 *     dataplane.await();
 * }
 * }</pre>
 *
 * <p>Sockets are served by the loop, which parses nothing and waits for nobody. Requests are answered by threads that
 * come with them and end when there is nothing to do: a request that waits, for packets to trace or for a device, holds
 * up neither the loop, nor packets, nor other clients. Every client has one request answered at a time; what it sends
 * meanwhile stays in its socket.
 *
 * <p>Thread safety: all methods from any thread.
 */
public final class ControlServer implements AutoCloseable {
    /** The most clients at a time; more are told so and sent away. */
    public static final int MAX_CLIENTS = 32;

    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final int BACKLOG = 16;
    private static final int TRANSFER = 64 * 1024;
    private static final Duration ACCEPT_AGAIN = Duration.ofSeconds(1);
    private static final int CLOSE_SECONDS = 5;

    private final ControlLoop loop;
    private final Path socket;
    private final Map<String, Request> requests;
    private final UnixListener listener;
    private final ThreadPoolExecutor threads;
    // What clients leave behind is closed here: requests that wait for that may have all the others.
    private final ThreadPoolExecutor closer;
    // Of all clients, those included that are gone and whose belongings wait for a thread to close them.
    private final Set<Belongings> belongings = ConcurrentHashMap.newKeySet();
    // Only the loop touches these.
    private final Set<Session> sessions = new LinkedHashSet<>();
    private final ByteBuffer transfer = ByteBuffer.allocateDirect(TRANSFER);
    private final Session.Owner owner = new Owner();
    private ControlLoop.Watch knocks;
    private ControlLoop.Timer acceptAgain;
    private boolean isClosed;

    private ControlServer(final ControlLoop loop, final Path socket, final Map<String, Request> requests,
        final UnixListener listener) {
        this.loop = loop;
        this.socket = socket;
        this.requests = requests;
        this.listener = listener;
        // A request of a client that is gone may still be running when another client comes.
        threads = new ThreadPoolExecutor(0, 2 * MAX_CLIENTS, 1, TimeUnit.SECONDS, new SynchronousQueue<>(),
            names("millrace-request-"));
        closer = new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
            names("millrace-closer-"));
        closer.allowCoreThreadTimeOut(true);
    }

    private static ThreadFactory names(final String prefix) {
        final AtomicInteger number = new AtomicInteger();
        return task -> {
            final Thread thread = new Thread(task, prefix + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /**
     * Makes the socket, with mode 0600, and serves it. A socket that a dead process left behind is replaced.
     *
     * @param loop     that serves it; not closed with it.
     * @param socket   at most 107 bytes, in a folder that nobody else may write to.
     * @param requests that can be made, by name: lower case words joined by {@code -}.
     * @throws LinuxException           if the socket cannot be made, for instance because another process serves it.
     * @throws IllegalArgumentException if the name of a request cannot be.
     */
    public static ControlServer start(final ControlLoop loop, final Path socket, final Map<String, Request> requests) {
        for (final String name : requests.keySet()) {
            if (!Request.isName(name)) {
                throw new IllegalArgumentException("a request cannot be named \"" + name + '"');
            }
        }
        final UnixListener listener = UnixListener.bindForOwner(socket, BACKLOG);
        final ControlServer server = new ControlServer(loop, socket, new TreeMap<>(requests), listener);
        try {
            loop.call(() -> server.knocks = loop.watch(listener.fd(), Epoll.IN, server::onKnock));
        } catch (final RuntimeException e) {
            listener.close();
            throw e;
        }
        return server;
    }

    /** Where clients connect. */
    public Path socket() {
        return socket;
    }

    private void onKnock(final int events) {
        try {
            final UnixSocket client = listener.accept();
            if (client != null) {
                admit(client);
            }
        } catch (final LinuxException e) {
            // It goes on waiting, so the loop would spin.
            LOG.warn("{}", e.getMessage());
            knocks.events(0);
            acceptAgain = loop.after(ACCEPT_AGAIN, () -> knocks.events(Epoll.IN));
        }
    }

    private void admit(final UnixSocket client) {
        boolean isAdmitted = false;
        try {
            if (!client.isOfSameUser()) {
                LOG.warn("another user tried to connect to the control socket");
            } else if (sessions.size() == MAX_CLIENTS) {
                transfer.clear();
                client.send(transfer.put(Protocol.error(null, MAX_CLIENTS
                    + " clients are connected, which is the most: end one of them")).flip(), null);
            } else {
                final Session session = new Session(loop, client, transfer, owner);
                sessions.add(session);
                belongings.add(session.belongings());
                isAdmitted = true;
            }
        } finally {
            if (!isAdmitted) {
                client.close();
            }
        }
    }

    private byte[] answer(final byte[] line, final Belongings own) {
        JsonElement id = null;
        try {
            final JsonObject arguments = Protocol.object(line, 0, line.length);
            id = Protocol.id(arguments);
            arguments.remove(Protocol.ID);
            return answer(id, arguments, own);
        } catch (final DataplaneException | LinuxException e) {
            return Protocol.error(id, e.getMessage());
        } catch (final InterruptedException e) {
            return Protocol.error(id, "the data plane closes");
        } catch (final RuntimeException | Error e) {
            LOG.error("a request failed", e);
            return Protocol.error(id, "this is a bug in Millrace: " + e);
        }
    }

    private byte[] answer(final JsonElement id, final JsonObject arguments, final Belongings own)
        throws InterruptedException {
        final String name = new Call("a request", arguments, own).needText(Protocol.DO);
        arguments.remove(Protocol.DO);
        final Request request = requests.get(name);
        if (request == null) {
            throw new ConfigurationException("there is no request " + Protocol.quoted(name) + ": there are "
                + String.join(", ", requests.keySet()));
        }
        final Call call = new Call(name, arguments, own);
        call.takesOnly(request.takes());
        final byte[] answer = Protocol.ok(id, request.work().answer(call));
        if (answer.length > Protocol.MAX_ANSWER) {
            throw new ConfigurationException("the answer to " + name + " has " + answer.length
                + " bytes, and " + Protocol.MAX_ANSWER + " is the most: ask for less");
        }
        return answer;
    }

    /**
     * Sends all clients away, removes the socket, and waits for the requests that are being answered, a few seconds at
     * most. To be called before the data plane is closed. Idempotent.
     */
    @Override
    public void close() {
        try {
            loop.call(this::closeSockets);
        } catch (final IllegalStateException e) {
            // The loop has ended: nothing touches the sockets any more.
            closeSockets();
        }
        threads.shutdownNow();
        closer.shutdown();
        try {
            if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)
                | !closer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("a request is still being answered");
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        belongings.forEach(Belongings::close);
        belongings.clear();
    }

    private Void closeSockets() {
        if (!isClosed) {
            isClosed = true;
            if (acceptAgain != null) {
                acceptAgain.cancel();
            }
            knocks.close();
            listener.close();
            new ArrayList<>(sessions).forEach(Session::end);
        }
        return null;
    }

    /** Has requests answered, and forgets clients that are gone. */
    private final class Owner implements Session.Owner {
        @Override
        public void onRequest(final Session session, final byte[] line) {
            try {
                threads.execute(() -> {
                    final byte[] answer = answer(line, session.belongings());
                    try {
                        loop.execute(() -> session.answer(answer));
                    } catch (final IllegalStateException e) {
                        LOG.debug("an answer came after the end", e);
                    }
                });
            } catch (final RejectedExecutionException e) {
                session.answer(Protocol.error(null, "too many requests are being answered: ask again later"));
            }
        }

        @Override
        public void onEnded(final Session session) {
            sessions.remove(session);
            if (!isClosed) {
                closer.execute(() -> {
                    session.belongings().close();
                    belongings.remove(session.belongings());
                });
            }
        }
    }
}

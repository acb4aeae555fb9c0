/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import com.google.gson.Gson;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.millrace.ConfigurationException;
import io.millrace.Counters;
import io.millrace.pipeline.GraphView;
import io.prometheus.metrics.exporter.httpserver.MetricsHandler;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * A page that draws the running graph with its rates, and its metrics for Prometheus, on a port of 127.0.0.1.
 *
 * <pre>
 *   /             the page, and the scripts and styles that it asks for
 *   /view.json    the graph and its numbers now, as {@link GraphView} has them
 *   /metrics      every counter, in the format that is asked for: OpenMetrics, or Prometheus' text
 * </pre>
 *
 * <p>It only ever reads, four times a second at most: what it has read is shared by all who ask. Every user of the
 * machine can look at it. Other machines cannot, and no page of theirs can in a browser of this one: see {@code Gate}.
 *
 * <p>Thread safety: all methods from any thread. Requests are answered on threads of its own.
 */
public final class LivePage implements AutoCloseable {
    private static final byte[] LOOPBACK = {127, 0, 0, 1};
    private static final int BACKLOG = 64;
    // A client that dawdles keeps one busy until it is cut off.
    private static final int THREADS = 16;
    private static final Map<String, String> LIMITS = Map.of("sun.net.httpserver.maxReqTime", "10",
        "sun.net.httpserver.maxRspTime", "10", "jdk.httpserver.maxConnections", "128");
    private static final Gson GSON = new Gson();
    private static final Duration FRESH = Duration.ofMillis(250);

    private final Duration fresh;
    private final Supplier<byte[]> view;
    private final HttpHandler metrics;
    private final ExecutorService threads;
    private final HttpServer server;

    private LivePage(final int port, final Supplier<GraphView> view, final Counters counters, final Duration fresh)
        throws IOException {
        this.fresh = fresh;
        this.view = new Recent<>(fresh, () -> GSON.toJson(view.get()).getBytes(StandardCharsets.UTF_8));
        final PrometheusRegistry registry = new PrometheusRegistry();
        register(registry, new CounterMetrics(counters));
        register(registry, new ViewMetrics(view));
        metrics = new MetricsHandler(registry);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port), BACKLOG);
        threads = Executors.newFixedThreadPool(THREADS, task -> {
            final Thread thread = new Thread(task, "http");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/", this::answer).getFilters().add(new Gate());
        server.start();
    }

    private void register(final PrometheusRegistry registry, final MultiCollector collector) {
        final MultiCollector shared = new Recent<>(fresh, collector::collect)::get;
        registry.register(shared);
    }

    /**
     * Opens it.
     *
     * @param port     0 for one that is free.
     * @param view     asked for each request, on a thread of the page.
     * @param counters readable as long as the page is open.
     * @throws ConfigurationException if the port is taken, or is none.
     */
    public static LivePage open(final int port, final Supplier<GraphView> view, final Counters counters) {
        return open(port, view, counters, FRESH);
    }

    /** The same, with another time for which what was shown is shown again. */
    static LivePage open(final int port, final Supplier<GraphView> view, final Counters counters,
                         final Duration fresh) {
        if (port < 0 || port > 65_535) {
            throw new ConfigurationException("the HTTP port " + port + " cannot be: take 1 to 65535, or 0 for any");
        }
        // A client that is too slow must not keep a thread, nor many clients all descriptors. The JDK's server knows no
        // other way to be told.
        LIMITS.forEach((limit, value) -> {
            if (System.getProperty(limit) == null) {
                System.setProperty(limit, value);
            }
        });
        try {
            return new LivePage(port, view, counters, fresh);
        } catch (final IOException e) {
            throw new ConfigurationException("the HTTP port " + port + " of 127.0.0.1 cannot be opened ("
                + e.getMessage() + "): take another one, or 0 for any that is free");
        }
    }

    /** The number of its port. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** Where a browser finds it. */
    public String address() {
        return "http://127.0.0.1:" + port() + "/";
    }

    private void answer(final HttpExchange exchange) throws IOException {
        final String path = exchange.getRequestURI().getPath();
        try {
            if (path.equals("/metrics")) {
                metrics.handle(exchange);
            } else if (path.equals("/view.json")) {
                send(exchange, 200, "application/json", view.get());
            } else {
                final PageFile file = PageFile.at(path);
                if (file == null) {
                    send(exchange, 404, "text/plain", "There is nothing here.\n".getBytes(StandardCharsets.UTF_8));
                } else {
                    send(exchange, 200, file.type(), file.content());
                }
            }
        } catch (final IllegalStateException e) {
            send(exchange, 503, "text/plain", (e.getMessage() + "\n").getBytes(StandardCharsets.UTF_8));
        } finally {
            exchange.close();
        }
    }

    private static void send(final HttpExchange exchange, final int status, final String type, final byte[] content)
        throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        final boolean isHead = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, isHead ? -1 : content.length);
        if (!isHead) {
            exchange.getResponseBody().write(content);
        }
    }

    /** Closes the port; requests that are being answered are cut off. Idempotent. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}

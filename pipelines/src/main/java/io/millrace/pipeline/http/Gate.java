/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;

import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * Lets requests pass that ask this machine by its own name and want to read, and tells browsers what may be done with
 * the answer.
 *
 * <p>A page of another site cannot read what it finds on 127.0.0.1, but for one trick: its own name first leads to its
 * server and then to 127.0.0.1 (DNS rebinding). Its requests then carry its name in {@code Host}, and end here.
 */
final class Gate extends Filter {
    private static final Set<String> NAMES = Set.of("127.0.0.1", "localhost");
    private static final Set<String> METHODS = Set.of("GET", "HEAD");

    @Override
    public String description() {
        return "who may ask, and what for";
    }

    @Override
    public void doFilter(final HttpExchange exchange, final Chain chain) throws IOException {
        final Headers headers = exchange.getResponseHeaders();
        headers.set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cache-Control", "no-store");
        if (!isForUs(exchange.getRequestHeaders().get("Host"))) {
            refuse(exchange, 421);
        } else if (!METHODS.contains(exchange.getRequestMethod())) {
            headers.set("Allow", "GET, HEAD");
            refuse(exchange, 405);
        } else {
            chain.doFilter(exchange);
        }
    }

    private static boolean isForUs(final List<String> hosts) {
        // The port is no secret, and with a tunnel in between it may be another one.
        return hosts != null && hosts.size() == 1 && NAMES.contains(hosts.get(0).replaceFirst(":\\d{1,5}$", ""));
    }

    private static void refuse(final HttpExchange exchange, final int status) throws IOException {
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }
}

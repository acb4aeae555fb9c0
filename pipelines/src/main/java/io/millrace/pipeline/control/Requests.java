/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.Port;
import io.millrace.pipeline.Dataplane;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The requests that every data plane answers. Rows of your own go into the map that {@link #of} returns.
 *
 * <p>Thread safety: all methods from any thread.
 */
public final class Requests {
    private static final String PORT = "Port";

    private final Dataplane dataplane;
    private final String command;
    private final Map<String, Request> table = new TreeMap<>();

    private Requests(final Dataplane dataplane, final String command) {
        this.dataplane = dataplane;
        this.command = command;
        table.put("hello", new Request("who this is and what can be asked for", call -> hello()));
        table.put("stats", new Request("every counter by name", call -> dataplane.counters().snapshot()));
        table.put("ports", new Request("the ports and their links", call -> ports()));
    }

    /**
     * A new table.
     *
     * @param dataplane that answers.
     * @param command   how the process was started, for people.
     */
    public static Map<String, Request> of(final Dataplane dataplane, final String command) {
        return new Requests(dataplane, command).table;
    }

    /**
     * What {@code hello} is answered.
     *
     * @param protocol  1. Another number: another protocol.
     * @param pid       of the process.
     * @param dataplane its name.
     * @param command   how the process was started.
     * @param requests  that can be made, and what each does.
     */
    public record Hello(int protocol, long pid, String dataplane, String command, Map<String, String> requests) {
    }

    /**
     * A port, as {@code ports} tells.
     *
     * @param type   of its driver, such as {@code VhostUser}.
     * @param link   in lower case: {@code up}, {@code down} or {@code gone}.
     * @param ready  whether this side has done what it can.
     * @param queues in each direction.
     */
    public record PortState(int id, String name, String type, String link, boolean ready, int queues) {
    }

    private Hello hello() {
        final Map<String, String> known = new TreeMap<>();
        table.forEach((name, request) -> known.put(name, request.does()));
        return new Hello(Protocol.VERSION, ProcessHandle.current().pid(), dataplane.name(), command, known);
    }

    private List<PortState> ports() {
        return dataplane.ports().stream().map(Requests::state).toList();
    }

    private static PortState state(final Port port) {
        final String type = port.getClass().getSimpleName();
        return new PortState(port.id(), port.name(),
            type.endsWith(PORT) ? type.substring(0, type.length() - PORT.length()) : type,
            port.link().name().toLowerCase(Locale.ROOT), port.isReady(), port.queues());
    }
}

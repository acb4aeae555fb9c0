/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import io.millrace.ConfigurationException;
import io.millrace.Port;
import io.millrace.packet.MacAddress;
import io.millrace.pipeline.Dataplane;
import io.millrace.pipeline.LearningSwitch;
import io.millrace.pipeline.StationPage;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The requests that every data plane answers. Rows of your own go into the map that {@link #of} returns.
 *
 * <p>Thread safety: all methods from any thread.
 */
public final class Requests {
    /** The number of the protocol that this version speaks. */
    public static final int PROTOCOL = Protocol.VERSION;

    private static final String PORT = "Port";
    private static final String NODE = "node";

    private final Dataplane dataplane;
    private final String command;
    private final Map<String, Request> table = new TreeMap<>();

    private Requests(final Dataplane dataplane, final String command) {
        this.dataplane = dataplane;
        this.command = command;
        table.put("hello", new Request("who this is and what can be asked for", call -> hello()));
        table.put("stats", new Request("every counter by name", call -> dataplane.counters().snapshot()));
        new WatchRequests(dataplane).addTo(table);
        new CaptureRequests(dataplane).addTo(table);
        table.put("ports", new Request("the ports and their links", call -> ports()));
        table.put("view", new Request("the graph and its numbers", call -> dataplane.view()));
        table.put("fdb", new Request("stations a learning switch knows", List.of(NODE, "from", "most"), this::fdb));
        table.put("fdb-flush", new Request("makes a learning switch forget them", List.of(NODE), this::flush));
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
     * @param protocol  {@link #PROTOCOL}. Another number, another protocol.
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

    /**
     * Stations that a switch knows, as {@code fdb} tells.
     *
     * @param node     the name of the switch.
     * @param stations in no order.
     * @param next     the argument {@code from} of the next request; -1 if these were the last ones.
     */
    public record Stations(String node, List<StationState> stations, int next) {
    }

    /**
     * One station.
     *
     * @param mac        such as {@code 02:00:00:00:00:01}.
     * @param port       the name of the port it is behind; its id, if it is not open any more.
     * @param ageSeconds since it was last heard of.
     */
    public record StationState(String mac, String port, double ageSeconds) {
    }

    /**
     * What {@code fdb-flush} did.
     *
     * @param node    the name of the switch.
     * @param flushed how many stations it has forgotten.
     */
    public record Flushed(String node, int flushed) {
    }

    private Stations fdb(final Call call) {
        final int from = (int) call.whole("from", 0, Integer.MAX_VALUE).orElse(0);
        final int most = (int) call.whole("most", 1, LearningSwitch.MAX_PAGE).orElse(LearningSwitch.MAX_PAGE);
        final LearningSwitch bridge = bridge(call);
        final StationPage page = bridge.stations(from, most);
        final Map<Integer, String> names = dataplane.ports().stream().collect(Collectors.toMap(Port::id, Port::name));
        return new Stations(bridge.name(), page.stations().stream().map(station -> new StationState(
            MacAddress.format(station.mac()), names.getOrDefault(station.port(), Integer.toString(station.port())),
            station.ageSeconds())).toList(), page.next());
    }

    private Flushed flush(final Call call) {
        final LearningSwitch bridge = bridge(call);
        return new Flushed(bridge.name(), bridge.flush());
    }

    /** The switch that was asked for, or the only one, of which there may be replicas. */
    private LearningSwitch bridge(final Call call) {
        final String name = call.text(NODE).orElse(null);
        final List<LearningSwitch> all = LearningSwitch.of(dataplane.graph());
        final List<LearningSwitch> meant = all.stream()
            .filter(bridge -> name == null || bridge.name().equals(name)).toList();
        if (!meant.isEmpty() && meant.stream().allMatch(meant.get(0)::sharesWith)) {
            return meant.get(0);
        }
        final String known = all.isEmpty() ? "none"
            : all.stream().map(LearningSwitch::name).collect(Collectors.joining(", "));
        throw new ConfigurationException(name == null
            ? all.isEmpty() ? "the graph that runs has no learning switch"
                : "several learning switches run: give the argument node, one of " + known
            : "no learning switch is named " + name + ": there are " + known);
    }

    /**
     * What {@code capture}, {@code capture-state} and {@code capture-stop} are answered.
     *
     * @param name    of the capture.
     * @param packets written.
     * @param lost    because the capture was too slow.
     * @param done    whether it has ended: the file is complete, and the numbers are final.
     * @param failure why it failed; empty if it did not.
     */
    public record CaptureState(String name, long packets, long lost, boolean done, String failure) {
    }

    /**
     * What {@code balance} is answered.
     *
     * @param text          a line for each worker.
     * @param busiestBefore the share of its time that the busiest worker is busy.
     * @param busiestAfter  what that is expected to be.
     * @param worthwhile    whether it relieves the busiest worker much.
     * @param applied       whether queues were moved.
     */
    public record BalanceState(String text, double busiestBefore, double busiestAfter, boolean worthwhile,
                               boolean applied) {
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

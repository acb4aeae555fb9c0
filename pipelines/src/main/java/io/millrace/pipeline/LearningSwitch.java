/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.ConfigurationException;
import io.millrace.Counter;
import io.millrace.DropReason;
import io.millrace.packet.Ethernet;
import io.millrace.packet.MacAddress;

import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;

/**
 * An Ethernet switch: learns behind which port each station is, and sends packets there and nowhere else.
 *
 * <pre>
 *   from(port 0) --+                        +-- port(0) --&gt; to(port 0)
 *   from(port 1) --+--&gt; [ LearningSwitch ] --+-- port(1) --&gt; to(port 1)
 *   from(port 2) --+                        +-- port(2) --&gt; to(port 2)
 * </pre>
 *
 * <p>Packets to stations it does not know, to groups and to all go to every connected output but the one of the port
 * they came from. A station that turns up behind another port is found there from then on. Addresses of groups and the
 * address 0 are never learned. Frames to {@code 01:80:C2:00:00:00} to {@code ...0F} (spanning tree, pause, LACP, LLDP)
 * concern the link they were sent on and go no further.
 *
 * <p>Counts {@code learned}, {@code moved}, {@code aged}, {@code table-full} (stations seen that found no room; their
 * packets are forwarded all the same), {@code flooded} and {@code fdb-size} (stations known now). Drops: {@code runt},
 * {@code reserved}, {@code hairpin}, {@code nowhere}, {@code no-way-back}.
 */
public final class LearningSwitch extends Node {
    /** Stations remembered if {@link #capacity} is not called. */
    public static final int DEFAULT_CAPACITY = 8192;
    /** The most stations of one {@link #stations}. */
    public static final int MAX_PAGE = 4096;
    /** How long a silent station is remembered if {@link #ageing} is not called: as IEEE 802.1D recommends. */
    public static final Duration DEFAULT_AGEING = Duration.ofSeconds(300);

    static final DropReason RESERVED = new DropReason("reserved",
        "addressed to the link it came from, such as spanning tree or LLDP, which switches do not pass on");
    static final DropReason HAIRPIN = new DropReason("hairpin", "its station is behind the port it came from");
    static final DropReason NOWHERE = new DropReason("nowhere", "for all other ports, and none is connected");
    static final DropReason NO_WAY_BACK = new DropReason("no-way-back",
        "its station is behind a port that this switch has no output for; wire from(port(id))");

    private static final int MAX_PORTS = 256;
    private static final int MAX_CAPACITY = 1 << 24;
    private static final long TICK_NS = 100_000_000;
    private static final int COLUMN = 64;
    // IEEE 802.1Q, table 8-1: the last four bits vary.
    private static final long RESERVED_MASK = ~0xFL;
    private static final long RESERVED_ADDRESS = 0x0180_C200_0000L;
    private static final int NO_ADDRESS = -1;

    // Whoever has the table and its settings: itself, or the one it is a replica of.
    private final LearningSwitch original;
    private final int ports;
    private final Output[] byPort = new Output[MAX_PORTS];
    private final int[] portIds;
    // By id: whether some may have been learned there.
    private final boolean[] hasStations = new boolean[MAX_PORTS];
    private final Ethernet ethernet = new Ethernet();
    private final long[] destinations = new long[COLUMN];
    private final long[] sources = new long[COLUMN];
    // Outputs can be added while it runs: those before this number are whole.
    private volatile int declared;
    private int capacity = DEFAULT_CAPACITY;
    private Duration ageing = DEFAULT_AGEING;
    private MacTable table;
    private Counter learned;
    private Counter moved;
    private Counter aged;
    private Counter tableFull;
    private Counter flooded;
    private Counter fdbSize;
    private DropPoint runts;
    private DropPoint reserved;
    private DropPoint hairpins;
    private DropPoint nowhere;
    private DropPoint noWayBack;

    /**
     * A switch.
     *
     * @param ports how many outputs it has, 1 to 256.
     * @throws ConfigurationException if it cannot have that many.
     */
    public LearningSwitch(final int ports) {
        this(ports, null);
    }

    private LearningSwitch(final int ports, final LearningSwitch original) {
        this.original = original == null ? this : original;
        if (ports < 1 || ports > MAX_PORTS) {
            throw new ConfigurationException("a switch of " + ports + " ports cannot be: take 1 to " + MAX_PORTS);
        }
        this.ports = ports;
        this.portIds = new int[ports];
    }

    /**
     * A switch of as many ports that shares what it has learned with this one, for another queue of the same ports on
     * another worker: a station that one of them learns all of them know. It has its own outputs and counters;
     * {@code fdb-size} is that of the shared table, {@code aged} what it has taken out itself.
     *
     * <pre>{@code
     * for (int q = 0; q < queues; q++) {
     *     LearningSwitch replica = q == 0 ? bridge : bridge.replica();
     *     for (Port port : ports) {
     *         graph.from(port, q).to(replica).from(replica.port(port.id())).to(port, q);
     *     }
     *     graph.place(dataplane.worker("core" + q), replica);
     * }
     * }</pre>
     */
    public LearningSwitch replica() {
        return new LearningSwitch(ports, original);
    }

    /**
     * The output to a port: {@code graph.from(bridge.port(port.id())).to(port)}. For a port that is opened while the
     * switch runs too; by one thread at a time.
     *
     * @param portId {@link io.millrace.Port#id()}.
     * @throws IllegalArgumentException if no port has such an id, or this switch has as many outputs as it was made
     *                                  for.
     */
    public Output port(final int portId) {
        if (portId < 0 || portId >= MAX_PORTS) {
            throw new IllegalArgumentException("no port has the id " + portId);
        }
        if (byPort[portId] == null) {
            if (declared == ports) {
                throw new IllegalArgumentException(this + " was made for " + ports + " ports and has them: port "
                    + portId + " is one more");
            }
            byPort[portId] = output("port" + portId);
            portIds[declared] = portId;
            declared = declared + 1;
        }
        return byPort[portId];
    }

    /**
     * Sets how many stations it remembers, all replicas together, {@link #DEFAULT_CAPACITY} if not called. Before the
     * start of any.
     *
     * @param stations 1 to 16777216.
     * @return this switch.
     */
    public LearningSwitch capacity(final int stations) {
        if (stations < 1 || stations > MAX_CAPACITY) {
            throw new ConfigurationException(
                "a table of " + stations + " stations cannot be: take 1 to " + MAX_CAPACITY);
        }
        original.capacity = stations;
        return this;
    }

    /**
     * Sets how long it remembers a silent station, {@link #DEFAULT_AGEING} if not called. Before the start. It may be
     * forgotten later by a hundredth of that, and 100 ms.
     *
     * @param duration 1 second to 1000000 seconds.
     * @return this switch.
     */
    public LearningSwitch ageing(final Duration duration) {
        if (duration.compareTo(Duration.ofSeconds(1)) < 0 || duration.compareTo(Duration.ofSeconds(1_000_000)) > 0) {
            throw new ConfigurationException("ageing of " + duration + " cannot be: take 1 to 1000000 seconds");
        }
        original.ageing = duration;
        return this;
    }

    @Override
    public LearningSwitch named(final String newName) {
        super.named(newName);
        return this;
    }

    @Override
    protected void onStart(final Worker worker) {
        table = original.table(worker.nanoTime());
        learned = counter("learned");
        moved = counter("moved");
        aged = counter("aged");
        tableFull = counter("table-full");
        flooded = counter("flooded");
        fdbSize = counter("fdb-size");
        showSize();
        runts = drops(MacSwap.RUNT);
        reserved = drops(RESERVED);
        hairpins = drops(HAIRPIN);
        nowhere = drops(NOWHERE);
        noWayBack = drops(NO_WAY_BACK);
    }

    @Override
    protected void onTick(final long nowNs) {
        final int removed = table.tick(nowNs);
        aged.add(removed);
        forgetUnconnected();
        showSize();
    }

    @Override
    protected void onClose() {
        fdbSize.add(-fdbSize.get());
    }

    // Another worker may have run it before, or a replica does: what was learned stays.
    private synchronized MacTable table(final long nowNs) {
        if (table == null) {
            table = new MacTable(capacity, ageing.toNanos(), nowNs, TICK_NS);
        }
        return table;
    }

    // Null before the start.
    private synchronized MacTable known() {
        return table;
    }

    /** The switches of a graph. */
    public static List<LearningSwitch> of(final Graph graph) {
        return graph.nodes().stream().filter(LearningSwitch.class::isInstance).map(LearningSwitch.class::cast).toList();
    }

    /** Whether both share what they have learned: they are replicas of each other, or the same. */
    public boolean sharesWith(final LearningSwitch other) {
        return original == other.original;
    }

    /**
     * Some of the stations that it knows, and its replicas. Any thread: workers are not kept waiting. A station that
     * comes, goes or moves meanwhile may be there or not.
     *
     * @param from 0, or {@link StationPage#next} of the page before.
     * @param most stations on the page, 1 to {@link #MAX_PAGE}.
     */
    public StationPage stations(final int from, final int most) {
        if (from < 0 || most < 1 || most > MAX_PAGE) {
            throw new IllegalArgumentException("a page of " + most + " stations from " + from);
        }
        final long[] copies = new long[most];
        final MacTable known = original.known();
        final int next = known == null ? MacTable.NONE : known.copy(from, copies);
        final double lifetimeSeconds = original.ageing.toMillis() / 1e3;
        return new StationPage(LongStream.of(copies).takeWhile(copy -> copy != 0)
            .mapToObj(copy -> new StationPage.Station(MacTable.copiedMac(copy), MacTable.copiedPort(copy),
                MacTable.copiedAge(copy) * lifetimeSeconds)).toList(), next);
    }

    /**
     * Forgets all stations, those of its replicas too, as they are the same. Any thread; packets go on, and what they
     * show meanwhile is learned. {@code fdb-size} follows within 100 ms.
     *
     * @return how many they were.
     */
    public int flush() {
        final MacTable known = original.known();
        return known == null ? 0 : known.clear();
    }

    // A port that was taken away: its number may be another one's soon, to which these stations do not belong.
    private void forgetUnconnected() {
        final int outputs = declared;
        for (int k = 0; k < outputs; k++) {
            final int port = portIds[k];
            if (hasStations[port] && !byPort[port].isConnected()) {
                table.clear(port);
                hasStations[port] = false;
            }
        }
    }

    private void showSize() {
        fdbSize.add(table.size() - fdbSize.get());
    }

    @Override
    protected void process(final Burst burst) {
        for (int first = 0; first < burst.size(); first += COLUMN) {
            final int n = Math.min(COLUMN, burst.size() - first);
            readAddresses(burst, first, n);
            learn(burst, first, n);
            forward(burst, first, n);
        }
    }

    // A loop that only loads: the cache misses of all these packets overlap.
    private void readAddresses(final Burst burst, final int first, final int n) {
        for (int k = 0; k < n; k++) {
            if (ethernet.wrap(burst, first + k)) {
                destinations[k] = ethernet.destination();
                sources[k] = ethernet.source();
            } else {
                destinations[k] = NO_ADDRESS;
                sources[k] = 0;
            }
        }
    }

    private void learn(final Burst burst, final int first, final int n) {
        long lastSource = 0;
        int lastPort = 0;
        for (int k = 0; k < n; k++) {
            final long source = sources[k];
            final int port = burst.port(first + k);
            if (source == lastSource && port == lastPort || !MacAddress.isUnicast(source)) {
                continue;
            }
            lastSource = source;
            lastPort = port;
            final int outcome = table.learn(source, port);
            if (outcome != MacTable.KNOWN) {
                hasStations[port] = true;
                count(outcome);
            }
        }
    }

    private void count(final int outcome) {
        if (outcome == MacTable.LEARNED) {
            learned.increment();
            showSize();
        } else if (outcome == MacTable.MOVED) {
            moved.increment();
        } else {
            tableFull.increment();
        }
    }

    private void forward(final Burst burst, final int first, final int n) {
        long lastDestination = 0;
        int port = MacTable.NONE;
        for (int k = 0; k < n; k++) {
            final int i = first + k;
            final long destination = destinations[k];
            if (destination == NO_ADDRESS) {
                runts.drop(burst, i);
            } else if (MacAddress.isMulticast(destination)) {
                forwardToGroup(burst, i, destination);
            } else {
                if (destination != lastDestination) {
                    port = table.lookup(destination);
                    lastDestination = destination;
                }
                forwardTo(port, burst, i);
            }
        }
    }

    private void forwardToGroup(final Burst burst, final int i, final long destination) {
        if ((destination & RESERVED_MASK) == RESERVED_ADDRESS) {
            reserved.drop(burst, i);
        } else {
            flood(burst, i);
        }
    }

    private void forwardTo(final int port, final Burst burst, final int i) {
        if (port == MacTable.NONE) {
            flood(burst, i);
        } else if (port == burst.port(i)) {
            hairpins.drop(burst, i);
        } else if (byPort[port] != null && !byPort[port].isConnected()) {
            // Its port was taken away. Wherever the station is now, it is found.
            flood(burst, i);
        } else if (byPort[port] == null) {
            noWayBack.drop(burst, i);
        } else {
            byPort[port].emit(burst, i);
        }
    }

    // The last output gets the packet itself, so a switch of two ports copies nothing.
    private void flood(final Burst burst, final int i) {
        final int ingress = burst.port(i);
        Output last = null;
        final int outputs = declared;
        for (int k = 0; k < outputs; k++) {
            final Output output = byPort[portIds[k]];
            if (portIds[k] != ingress && output.isConnected()) {
                if (last != null) {
                    last.emitCopy(burst, i);
                }
                last = output;
            }
        }
        if (last == null) {
            nowhere.drop(burst, i);
        } else {
            flooded.increment();
            last.emit(burst, i);
        }
    }
}

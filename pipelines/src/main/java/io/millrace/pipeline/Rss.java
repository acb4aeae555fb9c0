/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.ConfigurationException;

import java.util.Objects;

/**
 * Receive side scaling in software, for ports with fewer queues than there are CPUs: spreads packets over outputs so
 * that a flow keeps to one of them, in order.
 *
 * <pre>
 *                  hash  --&gt;  table of 128
 *   from(port) --&gt; [ Rss ] --+-- queue0 --&gt; [ node ]      place(worker a, node)
 *                            +-- queue1 --&gt; [ node ]      place(worker b, node)
 * </pre>
 *
 * <p>The hash is {@link Toeplitz}: of addresses and ports of TCP and UDP over IPv4 and IPv6, of the addresses alone of
 * fragments and other IP packets, and of the MAC addresses of the rest. Up to two VLAN tags are skipped. The lowest
 * 7 bits of the hash choose an entry of the table, and that says which output. Symmetric, as it is by default, both
 * directions of a connection leave by the same output, also of two such nodes on two ports.
 *
 * <p>Thread safety: {@link #table} from any thread at any time; the rest as in {@link Node}.
 */
public final class Rss extends Node {
    /** The entries of the indirection table. */
    public static final int TABLE_SIZE = 128;
    /** The most outputs, for each needs an entry of the table. */
    public static final int MAX_QUEUES = TABLE_SIZE;

    private final FlowKey key = new FlowKey();
    private final Toeplitz toeplitz;
    private final Output[] queues;
    // Never changed in place: a worker reads it once per burst.
    private volatile int[] table;

    /** With {@link Toeplitz#symmetric()} and a table that goes round over {@code queues} outputs, 1 to 128. */
    public Rss(final int queues) {
        this(queues, Toeplitz.symmetric());
    }

    /**
     * With a hash of one's own choice.
     *
     * @param queues how many outputs, 1 to {@link #MAX_QUEUES}. The table goes round over them.
     * @throws ConfigurationException if it cannot have that many.
     */
    public Rss(final int queues, final Toeplitz toeplitz) {
        if (queues < 1 || queues > MAX_QUEUES) {
            throw new ConfigurationException(
                "spreading over " + queues + " queues cannot be: take 1 to " + MAX_QUEUES);
        }
        this.toeplitz = Objects.requireNonNull(toeplitz, "which hash?");
        this.queues = new Output[queues];
        this.table = new int[TABLE_SIZE];
        for (int q = 0; q < queues; q++) {
            this.queues[q] = output("queue" + q);
        }
        for (int i = 0; i < TABLE_SIZE; i++) {
            table[i] = i % queues;
        }
    }

    /**
     * One of the ways out.
     *
     * @param number 0 to one less than it was made with.
     * @throws IllegalArgumentException if there is no such output.
     */
    public Output queue(final int number) {
        checkQueue(number);
        return queues[number];
    }

    /** The indirection table: which output each of the 128 values of the lowest bits of the hash leads to. */
    public int[] table() {
        return table.clone();
    }

    /**
     * Changes the indirection table, also while packets pass. Flows whose entry changes continue on another output;
     * where outputs lead to different workers, their packets may overtake each other at that moment.
     *
     * @param outputs {@link #TABLE_SIZE} numbers of outputs.
     * @return this node.
     * @throws IllegalArgumentException if there are more or fewer, or one is no output.
     */
    public Rss table(final int... outputs) {
        if (outputs.length != TABLE_SIZE) {
            throw new IllegalArgumentException(this + " has a table of " + TABLE_SIZE + " entries, not "
                + outputs.length);
        }
        final int[] copy = outputs.clone();
        for (final int number : copy) {
            checkQueue(number);
        }
        table = copy;
        return this;
    }

    private void checkQueue(final int number) {
        if (number < 0 || number >= queues.length) {
            throw new IllegalArgumentException(this + " has no queue " + number + ": it has 0 to "
                + (queues.length - 1));
        }
    }

    @Override
    public Rss named(final String newName) {
        super.named(newName);
        return this;
    }

    @Override
    protected void process(final Burst burst) {
        final int[] now = table;
        for (int i = 0; i < burst.size(); i++) {
            queues[now[hash(burst, i) & TABLE_SIZE - 1]].emit(burst, i);
        }
    }

    private int hash(final Burst burst, final int i) {
        return switch (key.read(burst, i)) {
            case NONE -> 0;
            case MAC -> toeplitz.ofMac(key.source(), key.destination());
            case IPV4 -> ipv4((int) key.source(), (int) key.destination());
            case IPV6 -> ipv6();
        };
    }

    private int ipv4(final int source, final int destination) {
        return key.hasPorts() ? toeplitz.ofIpv4(source, destination, key.sourcePort(), key.destinationPort())
            : toeplitz.ofIpv4(source, destination);
    }

    private int ipv6() {
        return key.hasPorts()
            ? toeplitz.ofIpv6(key.sourceHigh(), key.source(), key.destinationHigh(), key.destination(),
                key.sourcePort(), key.destinationPort())
            : toeplitz.ofIpv6(key.sourceHigh(), key.source(), key.destinationHigh(), key.destination());
    }
}

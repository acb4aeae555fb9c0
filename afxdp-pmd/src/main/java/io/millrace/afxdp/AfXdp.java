/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * A network interface of the kernel, such as a NIC or one end of a veth pair, by AF_XDP sockets: packets that its
 * driver receives go straight into the frame pool, past the kernel's network stack, and those that are sent go from
 * there. Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF.
 *
 * <p>While the port is open the packets that its {@link #filter} takes do not reach the kernel, so the host has no
 * network over that interface; close the port, or let the process end, and all is as before.
 *
 * <p>A trap with veth: its peer hands over packets of TCP and UDP whose checksum nobody has computed, for within one
 * machine nobody looks at it. On any other wire they are wrong. Switch that off at the <em>other</em> end:
 * {@code ethtool -K PEER tx off}.
 *
 * <p>Immutable: every method returns a new description. Open it with a data plane. The device has to be there then; if
 * it goes away later the port waits for one of that name, unless {@link #reopen} says otherwise.
 */
public final class AfXdp implements PollModeDriver {
    static final int MAX_QUEUES = 256;
    static final int MIN_RING = 64;
    static final int MAX_RING = 16384;
    static final int ALL_QUEUES = 0;
    static final int MAX_BUDGET = 65535;
    static final int MAX_MICROS = 1_000_000;

    private static final int DEFAULT_RING = 1024;
    private static final int MAX_NAME = 15;

    private final String device;
    // Written by the methods that make a copy, before anybody else sees it.
    private String name;
    private int queues = ALL_QUEUES;
    private Mode mode = Mode.AUTO;
    private Filter filter = Filter.all();
    private Path map;
    private String namespace;
    private boolean isPromiscuous = true;
    private int ringSize = DEFAULT_RING;
    private int busyPollBudget;
    private int busyPollMicros;
    private boolean needsWakeupFlag = true;
    private boolean isReopening = true;
    private boolean isMultiBuffer = true;

    private AfXdp(final String device) {
        this.device = device;
        this.name = device.replaceAll("[^A-Za-z0-9._-]", "-");
    }

    private AfXdp(final AfXdp other) {
        device = other.device;
        name = other.name;
        queues = other.queues;
        mode = other.mode;
        filter = other.filter;
        map = other.map;
        namespace = other.namespace;
        isPromiscuous = other.isPromiscuous;
        ringSize = other.ringSize;
        busyPollBudget = other.busyPollBudget;
        busyPollMicros = other.busyPollMicros;
        needsWakeupFlag = other.needsWakeupFlag;
        isReopening = other.isReopening;
        isMultiBuffer = other.isMultiBuffer;
    }

    /**
     * A port on a network interface.
     *
     * @param name of the interface, such as {@code eth0}.
     * @throws ConfigurationException if no interface can be called that.
     */
    public static AfXdp device(final String name) {
        if (name.isEmpty() || name.length() > MAX_NAME || !name.matches("[^/\\s]+")) {
            throw new ConfigurationException("\"" + name + "\" is no name of a network interface: take one of those "
                + "that ip link shows, such as eth0");
        }
        return new AfXdp(name);
    }

    /**
     * Names the port. Without this it has the name of its device.
     *
     * @throws ConfigurationException if it is not 1 to 64 letters, digits, {@code . _ -}.
     */
    public AfXdp name(final String newName) {
        if (!newName.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new ConfigurationException("the port name \"" + newName
                + "\" is not 1 to 64 letters, digits, dots, hyphens or underscores");
        }
        final AfXdp copy = new AfXdp(this);
        copy.name = newName;
        return copy;
    }

    /**
     * How many queues to use. If the device has another number of them in use, it is set to that, and set back when the
     * port is closed. Without this the port takes all queues that the device has in use.
     *
     * @throws ConfigurationException if it is not 1 to 256.
     */
    public AfXdp queues(final int newQueues) {
        if (newQueues < 1 || newQueues > MAX_QUEUES) {
            throw new ConfigurationException("an afxdp port has 1 to " + MAX_QUEUES + " queues, not " + newQueues);
        }
        final AfXdp copy = new AfXdp(this);
        copy.queues = newQueues;
        return copy;
    }

    /** How packets get in and out. Other than {@link Mode#AUTO}, the default, it is that mode or none. */
    public AfXdp mode(final Mode newMode) {
        final AfXdp copy = new AfXdp(this);
        copy.mode = newMode;
        return copy;
    }

    /** Which received frames the port takes; the kernel has the others. All, if not said. */
    public AfXdp filter(final Filter newFilter) {
        final AfXdp copy = new AfXdp(this);
        copy.filter = newFilter;
        return copy;
    }

    /**
     * Attaches no program, and puts the sockets into the map of one that is there. For interfaces on which somebody
     * else decides what happens to packets: a {@link #filter} makes no sense then, and is refused.
     *
     * @param pinned where an XSKMAP is pinned, below {@code /sys/fs/bpf}.
     * @throws ConfigurationException if that is no path.
     */
    public AfXdp map(final String pinned) {
        final AfXdp copy = new AfXdp(this);
        try {
            copy.map = Path.of(pinned);
        } catch (final InvalidPathException e) {
            throw new ConfigurationException("the path " + pinned + " of an XSKMAP cannot be one: " + e.getReason());
        }
        return copy;
    }

    /**
     * Where the interface is, if not in the network namespace of this process.
     *
     * @param nameOrPath as {@code ip netns} shows it, or a path such as {@code /proc/4711/ns/net}.
     */
    public AfXdp namespace(final String nameOrPath) {
        final AfXdp copy = new AfXdp(this);
        copy.namespace = nameOrPath;
        return copy;
    }

    /** Whether to receive packets to any address, as a switch has to. On if not said; set back at close. */
    public AfXdp promiscuous(final boolean wanted) {
        final AfXdp copy = new AfXdp(this);
        copy.isPromiscuous = wanted;
        return copy;
    }

    /**
     * How many entries the rings have, per queue: a power of two from 64 to 16384, 1024 if not said. Each queue keeps
     * twice as many frames of the pool ready for the kernel.
     *
     * @throws ConfigurationException if it is another number.
     */
    public AfXdp ringSize(final int newSize) {
        if (newSize < MIN_RING || newSize > MAX_RING || Integer.bitCount(newSize) != 1) {
            throw new ConfigurationException("an afxdp ring has a power of two from " + MIN_RING + " to " + MAX_RING
                + " entries, not " + newSize);
        }
        final AfXdp copy = new AfXdp(this);
        copy.ringSize = newSize;
        return copy;
    }

    /**
     * Has the worker's own polls run the device's driver, instead of interrupts. For NICs; it also wants
     * {@code /sys/class/net/DEVICE/napi_defer_hard_irqs} and {@code gro_flush_timeout} to be set. Off if not said.
     *
     * @param budget packets that the driver may take per poll; 0: off.
     * @param micros for how long the driver is polled at a time.
     * @throws ConfigurationException if either is out of range.
     */
    public AfXdp busyPoll(final int budget, final int micros) {
        if (budget < 0 || budget > MAX_BUDGET || micros < 0 || micros > MAX_MICROS) {
            throw new ConfigurationException("busy polling takes a budget from 0 to " + MAX_BUDGET + " and 0 to "
                + MAX_MICROS + " microseconds, not " + budget + " and " + micros);
        }
        final AfXdp copy = new AfXdp(this);
        copy.busyPollBudget = budget;
        copy.busyPollMicros = micros;
        return copy;
    }

    /** Whether the driver may say when it needs a wake-up, which saves system calls. On if not said. */
    public AfXdp needWakeup(final boolean wanted) {
        final AfXdp copy = new AfXdp(this);
        copy.needsWakeupFlag = wanted;
        return copy;
    }

    /** Whether to begin again when device or program went away and come back. On if not said. */
    public AfXdp reopen(final boolean wanted) {
        final AfXdp copy = new AfXdp(this);
        copy.isReopening = wanted;
        return copy;
    }

    /** Whether packets may be longer than one chunk, where kernel and driver can do that. On if not said. */
    public AfXdp multiBuffer(final boolean wanted) {
        final AfXdp copy = new AfXdp(this);
        copy.isMultiBuffer = wanted;
        return copy;
    }

    @Override
    public Port open(final PortContext context) {
        if (map != null && !filter.equals(Filter.all())) {
            throw new ConfigurationException("open " + this + ": with map= the program that is there decides "
                + "which packets come, so leave out filter=" + filter);
        }
        return AfXdpPort.open(this, context);
    }

    String device() {
        return device;
    }

    String name() {
        return name;
    }

    /** How many queues were asked for, or {@link #ALL_QUEUES}. */
    int queues() {
        return queues;
    }

    Mode mode() {
        return mode;
    }

    Filter filter() {
        return filter;
    }

    /** Null: a program of our own. */
    Path map() {
        return map;
    }

    /** Null: that of the process. */
    String namespace() {
        return namespace;
    }

    boolean isPromiscuous() {
        return isPromiscuous;
    }

    int ringSize() {
        return ringSize;
    }

    int fillSize() {
        return 2 * ringSize;
    }

    boolean isBusyPolling() {
        return busyPollBudget > 0;
    }

    int busyPollBudget() {
        return busyPollBudget;
    }

    int busyPollMicros() {
        return busyPollMicros;
    }

    boolean needsWakeupFlag() {
        return needsWakeupFlag;
    }

    boolean isReopening() {
        return isReopening;
    }

    boolean isMultiBuffer() {
        return isMultiBuffer;
    }

    @Override
    public String toString() {
        return "afxdp:" + device + (namespace == null ? "" : ",netns=" + namespace);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.ConfigurationException;
import io.millrace.Offload;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.linux.Fd;
import io.millrace.packet.MacAddress;

import java.util.List;
import java.util.function.Consumer;

/**
 * A tap or tun device: an interface of the kernel's whose other end is this port. What the kernel sends through it, the
 * port receives.
 *
 * <p>Immutable: every method returns a new description. Closing the port deletes a device that it made, unless it was
 * made to stay; one that was there before gets back the MTU, address and up or down state it had.
 *
 * <p>When the interface is deleted under the port, the link is {@link io.millrace.LinkState#GONE}. Unless told
 * otherwise it comes back: a device that Millrace made is made again a second later, for somebody needs it; one that it
 * was attached to is waited for, for somebody else makes it. A device that is moved to another network namespace stays
 * connected and is followed there. Descriptors that were given are never replaced.
 */
public final class Tap implements PollModeDriver {
    static final int MAX_QUEUES = 256;
    static final int MIN_MTU = 68;
    static final int MAX_MTU = 65_521;

    private static final int MAX_NAME = 15;
    private static final int ALL_OFFLOADS =
        Offload.CSUM | Offload.TSO4 | Offload.TSO6 | Offload.ECN | Offload.USO;

    private final Settings settings;

    private Tap(final Settings settings) {
        this.settings = settings;
    }

    /**
     * A device of that name, made when the port opens, unless a tap device of that name is there already.
     *
     * @param device 1 to 15 characters, neither a blank nor one of {@code / : %}.
     * @throws ConfigurationException if it cannot be a name.
     */
    public static Tap create(final String device) {
        return named(device, false);
    }

    /**
     * A device that is there when the port opens.
     *
     * @throws ConfigurationException if it cannot be a name.
     */
    public static Tap attach(final String device) {
        return named(device, true);
    }

    private static Tap named(final String device, final boolean mustExist) {
        if (!device.matches("[!-~&&[^/:%]]{1," + MAX_NAME + "}") || device.equals(".") || device.equals("..")) {
            throw new ConfigurationException("\"" + device + "\" cannot be the name of an interface: take 1 to "
                + MAX_NAME + " characters without blanks, slashes, colons and percent signs, such as tap0");
        }
        final Settings settings = new Settings();
        settings.device = device;
        settings.mustExist = mustExist;
        settings.name = device.replaceAll("[^A-Za-z0-9._-]", "-");
        return new Tap(settings);
    }

    /**
     * A device whose queues somebody has opened, with TUNSETIFF and IFF_NO_PI, and handed over.
     *
     * @param queues stay the caller's; the port works on duplicates. They no longer block. All of one device.
     * @throws ConfigurationException if there are none or too many.
     */
    public static Tap of(final Fd... queues) {
        checkQueues(queues.length);
        final Settings settings = new Settings();
        settings.given = List.of(queues);
        settings.mustExist = true;
        settings.queues = queues.length;
        settings.isBroughtUp = false;
        settings.comesBack = false;
        settings.name = "tap";
        return new Tap(settings);
    }

    private Tap with(final Consumer<Settings> change) {
        final Settings changed = settings.copy();
        change.accept(changed);
        return new Tap(changed);
    }

    /** Without Ethernet headers: the port puts one in front of what comes in, and sends IP packets only. */
    public Tap tun() {
        return with(s -> s.isTun = true);
    }

    /**
     * How many queues, 1 to 256. The kernel keeps the packets of a flow on one of them.
     *
     * @throws ConfigurationException if it is another number, or descriptors were given.
     */
    public Tap queues(final int queues) {
        checkQueues(queues);
        if (!settings.given.isEmpty() && queues != settings.given.size()) {
            throw new ConfigurationException("a tap port has as many queues as descriptors, "
                + settings.given.size() + ", not " + queues);
        }
        return with(s -> s.queues = queues);
    }

    private static void checkQueues(final int queues) {
        if (queues < 1 || queues > MAX_QUEUES) {
            throw new ConfigurationException("a tap port has 1 to " + MAX_QUEUES + " queues, not " + queues);
        }
    }

    /** The network namespace it is made or looked for in: a name of {@code ip netns}, or a path. */
    public Tap namespace(final String namespace) {
        return with(s -> s.namespace = namespace);
    }

    /**
     * The interface's MTU, 68 to 65521.
     *
     * @throws ConfigurationException if it is another number.
     */
    public Tap mtu(final int mtu) {
        if (mtu < MIN_MTU || mtu > MAX_MTU) {
            throw new ConfigurationException("a tap device has an MTU of " + MIN_MTU + " to " + MAX_MTU + ", not "
                + mtu);
        }
        return with(s -> s.mtu = mtu);
    }

    /**
     * The interface's address; for a tun device, which has none, the source of what comes in.
     *
     * @throws ConfigurationException if it is not that of one station.
     */
    public Tap mac(final long mac) {
        if (!MacAddress.isUnicast(mac) || mac == 0) {
            throw new ConfigurationException(
                MacAddress.format(mac) + " is not the address of one station: choose one like 02:00:00:00:00:01");
        }
        return with(s -> s.mac = mac);
    }

    /** For a tun device: the destination of what comes in. Broadcast if not said. */
    public Tap peer(final long mac) {
        return with(s -> s.peer = mac);
    }

    /** Whether a device that the port makes stays after it. Not if not said. */
    public Tap persistent(final boolean stays) {
        return with(s -> s.isPersistent = stays);
    }

    /** Whether to bring the interface up; if not, it is left as it is. Yes if not said, unless it was given. */
    public Tap up(final boolean wanted) {
        return with(s -> s.isBroughtUp = wanted);
    }

    /**
     * Which work the kernel and this port may leave to each other, as bits of {@link Offload}. None if not said. What
     * the kernel refuses is left out and said in the log.
     *
     * @throws ConfigurationException if there is an unknown bit, or any without {@link Offload#CSUM}.
     */
    public Tap offloads(final int bits) {
        if ((bits & ~ALL_OFFLOADS) != 0 || bits != 0 && (bits & Offload.CSUM) == 0) {
            throw new ConfigurationException("offloads are csum, tso4, tso6, ecn and uso, and all others need csum");
        }
        return with(s -> s.offloads = bits);
    }

    /** How packets are read and written. {@link Io#AUTO} if not said. */
    public Tap io(final Io io) {
        return with(s -> s.io = io);
    }

    /** Whether the port comes back after its device was deleted. Yes if not said; never for given descriptors. */
    public Tap reopen(final boolean wanted) {
        return with(s -> s.comesBack = wanted && s.given.isEmpty());
    }

    /**
     * Names the port. Without this it has the name of its interface.
     *
     * @throws ConfigurationException if it is not 1 to 64 letters, digits, {@code . _ -}.
     */
    public Tap name(final String name) {
        if (!name.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new ConfigurationException(
                "the port name \"" + name + "\" is not 1 to 64 letters, digits, dots, hyphens or underscores");
        }
        return with(s -> s.name = name);
    }

    @Override
    public Port open(final PortContext context) {
        return TapPort.open(settings, context);
    }

    Settings settings() {
        return settings;
    }

    @Override
    public String toString() {
        return settings.toString();
    }
}

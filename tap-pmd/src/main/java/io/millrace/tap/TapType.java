/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.PortSpec;
import io.millrace.PortType;
import io.millrace.packet.MacAddress;

import java.util.Locale;

/** Makes {@code tap:tap0} a port of the command line. Found by the service loader. */
public final class TapType implements PortType {
    private static final String OPTIONS = "[,queues=N][,netns=NAME][,mtu=N][,mac=MAC][,attach][,persist][,up=on|off]"
        + "[,offloads=all|csum+tso4+tso6+ecn+uso][,io=auto|uring|plain][,reopen=on|off][,name=NAME]";

    /** For the service loader. */
    public TapType() {
    }

    @Override
    public String name() {
        return "tap";
    }

    @Override
    public String usage() {
        return usage("tap");
    }

    static String usage(final String type) {
        return type + ":DEVICE" + OPTIONS;
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        final Tap driver = read(spec);
        spec.end();
        return driver;
    }

    /** What tap and tun have in common. */
    static Tap read(final PortSpec spec) {
        Tap driver = spec.flag("attach") ? Tap.attach(spec.target()) : Tap.create(spec.target());
        driver = driver.queues(spec.number("queues", 1, Tap.MAX_QUEUES, 1))
            .persistent(spec.flag("persist"))
            .up(spec.isOn("up"))
            .offloads(spec.offloads(0))
            .io(io(spec))
            .reopen(spec.isOn("reopen"))
            .name(spec.option("name", driver.settings().name));
        final String namespace = spec.option("netns", null);
        final int mtu = spec.number("mtu", Tap.MIN_MTU, Tap.MAX_MTU, 0);
        final String mac = spec.option("mac", null);
        driver = namespace == null ? driver : driver.namespace(namespace);
        driver = mtu == 0 ? driver : driver.mtu(mtu);
        return mac == null ? driver : driver.mac(address(spec, "mac", mac));
    }

    static long address(final PortSpec spec, final String option, final String text) {
        try {
            return MacAddress.parse(text);
        } catch (final IllegalArgumentException e) {
            throw new ConfigurationException("the option " + option + " of port \"" + spec
                + "\" is an address like 02:00:00:00:00:01, not " + text);
        }
    }

    private static Io io(final PortSpec spec) {
        final String value = spec.option("io", "auto");
        for (final Io io : Io.values()) {
            if (io.name().toLowerCase(Locale.ROOT).equals(value)) {
                return io;
            }
        }
        throw new ConfigurationException(
            "the option io of port \"" + spec + "\" is auto, uring or plain, not " + value);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.PortSpec;
import io.millrace.PortType;
import java.util.Arrays;
import java.util.List;

/** Makes {@code afxdp:eth0} a port of the command line. Found by the service loader. */
public final class AfXdpType implements PortType {
    private static final int DEFAULT_MICROS = 20;

    /** For the service loader. */
    public AfXdpType() {
    }

    @Override
    public String name() {
        return "afxdp";
    }

    @Override
    public String usage() {
        return "afxdp:DEVICE[,queues=N][,mode=auto|zero-copy|copy|generic][,filter=EXPRESSION][,map=PATH][,netns=NAME]"
            + "[,size=N][,name=NAME][,promisc=on|off][,busy-poll=BUDGET][,busy-micros=N][,wakeup=on|off]"
            + "[,multi-buffer=on|off][,reopen=on|off]";
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        AfXdp driver = AfXdp.device(spec.target());
        final int queues = spec.number("queues", 1, AfXdp.MAX_QUEUES, AfXdp.ALL_QUEUES);
        if (queues != AfXdp.ALL_QUEUES) {
            driver = driver.queues(queues);
        }
        final String filter = spec.option("filter", null);
        if (filter != null) {
            driver = driver.filter(Filter.parse(filter));
        }
        final String map = spec.option("map", null);
        if (map != null) {
            driver = driver.map(map);
        }
        final String namespace = spec.option("netns", null);
        if (namespace != null) {
            driver = driver.namespace(namespace);
        }
        driver = driver.mode(mode(spec))
            .ringSize(spec.number("size", AfXdp.MIN_RING, AfXdp.MAX_RING, driver.ringSize()))
            .name(spec.option("name", driver.name()))
            .promiscuous(isOn(spec, "promisc"))
            .busyPoll(spec.number("busy-poll", 0, AfXdp.MAX_BUDGET, 0),
                spec.number("busy-micros", 0, AfXdp.MAX_MICROS, DEFAULT_MICROS))
            .needWakeup(isOn(spec, "wakeup"))
            .multiBuffer(isOn(spec, "multi-buffer"))
            .reopen(isOn(spec, "reopen"));
        spec.end();
        return driver;
    }

    private static Mode mode(final PortSpec spec) {
        final String value = spec.option("mode", Mode.AUTO.toString());
        final List<Mode> all = Arrays.asList(Mode.values());
        return all.stream().filter(mode -> mode.toString().equals(value)).findFirst().orElseThrow(() ->
            new ConfigurationException("the option mode of port \"" + spec + "\" is auto, zero-copy, copy or generic, "
                + "not " + value));
    }

    private static boolean isOn(final PortSpec spec, final String option) {
        final String value = spec.option(option, "on");
        if (!value.equals("on") && !value.equals("off")) {
            throw new ConfigurationException(
                "the option " + option + " of port \"" + spec + "\" is on or off, not " + value);
        }
        return value.equals("on");
    }
}

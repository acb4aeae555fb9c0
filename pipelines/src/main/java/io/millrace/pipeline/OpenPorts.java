/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.ConfigurationException;
import io.millrace.DataplaneException;
import io.millrace.LinkState;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.PortListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntFunction;

/**
 * The open ports of a data plane, and who wants to know about their links.
 *
 * <p>Thread safety: {@link #open} and {@link #close} for one thread at a time; the rest for any.
 */
final class OpenPorts {
    private static final Logger LOG = LoggerFactory.getLogger(OpenPorts.class);
    private static final int MOST = 256;

    private final String dataplane;
    private final Map<Integer, Port> byId = new ConcurrentSkipListMap<>();
    private final List<PortListener> listeners = new CopyOnWriteArrayList<>();

    OpenPorts(final String dataplane) {
        this.dataplane = dataplane;
    }

    /** Opens one, with the lowest id that is free. Throws as {@link Dataplane#open} says. */
    Port open(final PollModeDriver driver, final IntFunction<PortContext> context) {
        if (byId.size() == MOST) {
            throw new ConfigurationException("data plane " + dataplane + " has " + MOST + " ports: that is the most");
        }
        int id = 0;
        while (byId.containsKey(id)) {
            id++;
        }
        final Port port = driver.open(context.apply(id));
        for (final Port other : byId.values()) {
            if (other.name().equals(port.name())) {
                port.close();
                throw new ConfigurationException("two ports are named " + port.name() + ": give one another name");
            }
        }
        if (port.id() != id) {
            port.close();
            throw new DataplaneException("port " + port.name() + " calls itself number " + port.id() + " instead of "
                + id + ": its driver has to use the id of the PortContext");
        }
        byId.put(id, port);
        return port;
    }

    /** Closes all of them, whatever one of them throws; that is thrown in the end. */
    void close(final Collection<Port> ending) {
        RuntimeException failure = null;
        for (final Port port : ending) {
            byId.remove(port.id());
            try {
                port.close();
            } catch (final RuntimeException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** All, by id. */
    List<Port> all() {
        return List.copyOf(byId.values());
    }

    void onLink(final PortListener listener) {
        listeners.add(listener);
    }

    /** Tells everybody. On the control thread. */
    void linkChanged(final Port port, final LinkState state, final String reason) {
        LOG.debug("port {} is {}: {}", port.name(), state, reason);
        for (final PortListener listener : listeners) {
            try {
                listener.onLink(port, state, reason);
            } catch (final RuntimeException e) {
                LOG.error("a listener for link changes failed", e);
            }
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;

import java.util.Objects;

/**
 * Where a wire meets a port.
 *
 * @param port  which port.
 * @param queue one queue of it, or {@link #ALL}.
 */
record PortEnd(Port port, int queue) {
    static final int ALL = -1;

    PortEnd {
        Objects.requireNonNull(port, "which port?");
    }

    static PortEnd all(final Port port) {
        return new PortEnd(port, ALL);
    }

    /** One queue. Whether the port has it is checked later; that it is not meant to be all of them, here. */
    static PortEnd one(final Port port, final int queue) {
        final PortEnd end = new PortEnd(port, queue);
        if (end.isAll()) {
            throw GraphCheck.noQueue(end);
        }
        return end;
    }

    boolean isAll() {
        return queue == ALL;
    }

    int firstQueue() {
        return isAll() ? 0 : queue;
    }

    int lastQueue() {
        return isAll() ? port.queues() - 1 : queue;
    }

    boolean covers(final int q) {
        return isAll() || q == queue;
    }

    /** Its name as the end of a wire: {@code nic}, or {@code nic.tx0} for one queue. */
    String txName() {
        return port.name() + (isAll() ? "" : ".tx" + queue);
    }

    /** Its name as the beginning of a wire: {@code nic}, or {@code nic.rx0} for one queue. */
    String rxName() {
        return port.name() + (isAll() ? "" : ".rx" + queue);
    }

    @Override
    public String toString() {
        return isAll() ? "port " + port.name() : "queue " + queue + " of port " + port.name();
    }
}

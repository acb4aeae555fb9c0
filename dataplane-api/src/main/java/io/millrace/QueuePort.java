/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What ports of all drivers have in common: a name, queues that stay for the port's life, a place to count, and an end
 * that comes once. For drivers to extend; a port may as well implement {@link Port} itself.
 *
 * <p>Thread safety: as {@link Port} says, once it is made. What is protected is for the driver, on the thread that
 * opens the port or on the control loop.
 *
 * @param <R> the driver's receive queues.
 * @param <T> the driver's transmit queues.
 */
public abstract class QueuePort<R extends RxQueue, T extends TxQueue> implements Port {
    private final String name;
    private final PortContext context;
    private final List<R> rxQueues = new ArrayList<>();
    private final List<T> txQueues = new ArrayList<>();
    private boolean isClosed;

    /**
     * A port without queues yet.
     *
     * @param name    as {@link Port#name} says.
     * @param context as the driver was given it.
     */
    protected QueuePort(final String name, final PortContext context) {
        this.name = name;
        this.context = context;
    }

    /** Adds a pair of queues, with the next number. Before the port is handed to anybody. */
    protected final void addQueues(final R rx, final T tx) {
        rxQueues.add(rx);
        txQueues.add(tx);
    }

    /** What the port lives with. */
    protected final PortContext context() {
        return context;
    }

    /**
     * Where a part of this port counts.
     *
     * @param part such as {@code rx0}.
     */
    protected final Counters.Scope scope(final String part) {
        return context.counters().scope("port", name, part);
    }

    /** Runs {@code task} on the control loop and waits until it is through; what it throws is thrown here. */
    protected final void onControl(final Runnable task) {
        context.control().call(() -> {
            task.run();
            return null;
        });
    }

    /** All receive queues, by number. */
    protected final List<R> rxQueues() {
        return Collections.unmodifiableList(rxQueues);
    }

    /** All transmit queues, by number. */
    protected final List<T> txQueues() {
        return Collections.unmodifiableList(txQueues);
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final int id() {
        return context.id();
    }

    @Override
    public final int queues() {
        return rxQueues.size();
    }

    @Override
    public final R rx(final int queue) {
        return rxQueues.get(queue);
    }

    @Override
    public final T tx(final int queue) {
        return txQueues.get(queue);
    }

    /** Does what {@link Port#close} says, the first time it is called. */
    @Override
    public final void close() {
        synchronized (this) {
            if (isClosed) {
                return;
            }
            isClosed = true;
        }
        end();
    }

    /** Ends the port, as {@link Port#close} says. Called once, by the thread that closes it. */
    protected abstract void end();
}

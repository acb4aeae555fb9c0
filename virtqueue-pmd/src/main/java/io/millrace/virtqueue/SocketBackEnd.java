/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.ControlLoop;
import io.millrace.linux.Fd;

import java.util.List;
import java.util.function.LongConsumer;

/** A back-end of the vhost-user protocol. */
final class SocketBackEnd implements BackEnd {
    private final VirtioUser config;
    private final FrontEnd frontEnd;

    /**
     * Takes over a connection.
     *
     * @param channel owned from now on, unless this throws.
     */
    SocketBackEnd(final VirtioUser config, final ControlLoop control, final MessageChannel channel,
                  final Owner owner) {
        this.config = config;
        frontEnd = new FrontEnd(control, channel, FrontEnd.DEADLINE, owner);
    }

    @Override
    public void start(final DriverMemory memory, final List<Fd> kicks, final List<Fd> calls,
                      final LongConsumer onReady) {
        new Handshake(frontEnd, config, memory, kicks, calls, onReady).start();
    }

    @Override
    public void stop(final int ring, final Runnable then) {
        frontEnd.stop(ring, then);
    }

    @Override
    public void close() {
        frontEnd.close();
    }
}

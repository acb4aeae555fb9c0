/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.linux.Fd;
import io.millrace.linux.UnixSocket;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The channel on which a back-end asks its front-end (vhost-user, "Back-end message types"). No question that is asked
 * here has an answer on this channel, so nothing is read from it.
 *
 * <p>Thread safety: control loop only.
 */
final class BackEndChannel implements AutoCloseable {
    static final int IOTLB_MSG = 1;

    private final MessageChannel channel;
    private final ByteBuffer message = ByteBuffer.allocate(IotlbMessage.LENGTH).order(ByteOrder.LITTLE_ENDIAN);

    /**
     * @param socket owned from now on.
     */
    BackEndChannel(final Fd socket) {
        channel = new MessageChannel(UnixSocket.own(socket));
    }

    /**
     * Says that an address cannot be translated.
     *
     * @param entry of {@link Misses}.
     * @throws ProtocolViolation if the front-end does not read.
     */
    void miss(final long entry) throws ProtocolViolation {
        final int access = (int) entry & Misses.PAGE - 1;
        IotlbMessage.write(message.clear(), entry - access, access, IotlbMessage.MISS);
        channel.send(IOTLB_MSG, 0, message);
    }

    @Override
    public void close() {
        channel.close();
    }
}

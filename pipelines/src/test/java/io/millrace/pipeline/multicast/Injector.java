/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.Burst;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import org.agrona.UnsafeApi;

import java.nio.ByteBuffer;

/** Shows packets of the test to a probe. */
final class Injector implements AutoCloseable {
    private final FramePool pool = FramePool.create(64, 0);
    private final FrameCache frames = pool.cache("injector");
    private final Burst burst = new Burst(frames, 32);

    void inject(final WireProbe probe, final byte[]... packets) {
        for (final byte[] packet : packets) {
            burst.add(frames.allocateFor(packet.length), packet.length, 0);
            for (int at = 0; at < packet.length; at++) {
                UnsafeApi.putByte(burst.address(burst.size() - 1) + at, packet[at]);
            }
        }
        probe.observe(burst);
        burst.freeAll();
    }

    private static ByteBuffer ethernet(final int type) {
        return ByteBuffer.allocate(100).putLong(0x0200_0000_000a_0200L).putInt(0x0000_000b).putShort((short) type);
    }

    /** An IPv4 packet of 100 bytes whose total length says 1000, as if it had been cut off. */
    static byte[] ipv4(final int protocol, final int fragment, final int sourcePort, final int destinationPort,
                       final int tcpFlags) {
        return ethernet(0x0800).putInt(0x4500_03e8).putShort((short) 0).putShort((short) fragment)
            .put((byte) 64).put((byte) protocol).putShort((short) 0).putInt(0x0a00_0001).putInt(0x0a00_0002)
            .putShort((short) sourcePort).putShort((short) destinationPort).putLong(0).put((byte) 0x50)
            .put((byte) tcpFlags).array();
    }

    /** An IPv6 packet with UDP behind two VLAN tags. */
    static byte[] ipv6(final int sourcePort, final int destinationPort) {
        return ethernet(0x88a8).putShort((short) 7).putShort((short) 0x8100).putShort((short) 8)
            .putShort((short) 0x86dd).putInt(0x6000_0000).putShort((short) 38).put((byte) 17).put((byte) 64)
            .putLong(0x2001_0db8_0000_0000L).putLong(1).putLong(0x2001_0db8_0000_0000L).putLong(2)
            .putShort((short) sourcePort).putShort((short) destinationPort).array();
    }

    static byte[] arp() {
        return ethernet(0x0806).array();
    }

    @Override
    public void close() {
        frames.close();
        pool.close();
    }
}

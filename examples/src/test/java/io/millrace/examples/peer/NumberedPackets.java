/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Packets of several flows that can be told apart and checked to the last byte, and the verdict on what an echo made
 * of them: each once, in order within its flow, unchanged but for the exchanged MAC addresses.
 *
 * <pre>
 *   0            6            12     14      18       22
 *   +------------+------------+------+-------+--------+----------------------------+
 *   | 02..flow   | 06..flow   | 88b5 | flow  | number | bytes drawn from both      |
 *   +------------+------------+------+-------+--------+----------------------------+
 * </pre>
 */
final class NumberedPackets {
    private static final int ADDRESS_BYTES = 6;
    private static final short EXPERIMENTAL = (short)0x88b5;
    private static final int FLOW_OFFSET = 14;
    private static final int NUMBER_OFFSET = 18;
    private static final int HEADER_BYTES = 22;

    private final int[] sizes;
    private final int flows;
    private final int count;

    /** {@code count} packets in each of {@code flows}; their sizes go round {@code sizes}, each at least 60. */
    NumberedPackets(final int flows, final int count, final int... sizes) {
        this.flows = flows;
        this.count = count;
        this.sizes = sizes;
    }

    int total() {
        return flows * count;
    }

    /** The size of the largest packet. */
    int largest() {
        return Arrays.stream(sizes).max().orElseThrow();
    }

    /** The packets of one queue, whose flows are {@code queue}, {@code queue + queues}, ..., in turn. */
    List<byte[]> ofQueue(final int queue, final int queues) {
        final List<byte[]> packets = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            for (int flow = queue; flow < flows; flow += queues) {
                packets.add(packet(flow, number));
            }
        }
        return packets;
    }

    /** Checks what came back, one list for each queue it came back on. */
    void verifyEchoed(final List<List<byte[]>> queues) {
        final Map<Integer, Integer> queueOfFlow = new HashMap<>();
        final int[] next = new int[flows];
        for (int queue = 0; queue < queues.size(); queue++) {
            for (final byte[] packet : queues.get(queue)) {
                if (packet.length < HEADER_BYTES) {
                    throw new AssertionError("a packet of " + packet.length + " bytes came back");
                }
                final int flow = ByteBuffer.wrap(packet).getInt(FLOW_OFFSET);
                final int number = ByteBuffer.wrap(packet).getInt(NUMBER_OFFSET);
                if (flow < 0 || flow >= flows) {
                    throw new AssertionError("a packet of an unknown flow came back: " + flow);
                }
                final Integer first = queueOfFlow.putIfAbsent(flow, queue);
                if (first != null && first != queue) {
                    throw new AssertionError("flow " + flow + " came back on queues " + first + " and " + queue);
                }
                if (number != next[flow]) {
                    throw new AssertionError(
                        "flow " + flow + ": packet " + number + " came, " + next[flow] + " was due");
                }
                next[flow]++;
                final byte[] expected = swapped(packet(flow, number));
                if (!Arrays.equals(expected, packet)) {
                    throw new AssertionError("flow " + flow + ", packet " + number + ": " + packet.length + " bytes of "
                        + expected.length + ", first difference at " + Arrays.mismatch(expected, packet));
                }
            }
        }
        for (int flow = 0; flow < flows; flow++) {
            if (next[flow] != count) {
                throw new AssertionError("flow " + flow + ": only " + next[flow] + " of " + count + " came back");
            }
        }
    }

    private byte[] packet(final int flow, final int number) {
        final byte[] packet = new byte[sizes[(flow + number) % sizes.length]];
        new SplittableRandom(((long)flow << Integer.SIZE) + number).nextBytes(packet);
        ByteBuffer.wrap(packet)
            .putInt(0x02000000).putShort((short)flow)
            .putInt(0x06000000).putShort((short)flow)
            .putShort(EXPERIMENTAL).putInt(flow).putInt(number);
        return packet;
    }

    private static byte[] swapped(final byte[] packet) {
        final byte[] result = packet.clone();
        System.arraycopy(packet, 0, result, ADDRESS_BYTES, ADDRESS_BYTES);
        System.arraycopy(packet, ADDRESS_BYTES, result, 0, ADDRESS_BYTES);
        return result;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;

/**
 * One number for all packets of a flow, as {@link FlowKey} tells flows apart. The two directions of a connection have
 * different ones.
 *
 * <p>Thread safety: none; it has flyweights.
 */
final class FlowHash {
    private final FlowKey key = new FlowKey();

    /** The hash of packet {@code i}; 0 if it is shorter than an Ethernet header. */
    int of(final Burst burst, final int i) {
        return switch (key.read(burst, i)) {
            case NONE -> 0;
            case MAC -> fold(mix(mix(key.destination()) + key.source()));
            case IPV4 -> withPorts(mix(key.source() << Integer.SIZE | key.destination()));
            case IPV6 -> {
                final long source = mix(mix(key.sourceHigh()) + key.source());
                yield withPorts(mix(mix(source + key.destinationHigh()) + key.destination()));
            }
        };
    }

    private int withPorts(final long addresses) {
        final long ports = (long) key.sourcePort() << 32 | (long) key.destinationPort() << 16;
        return fold(mix(addresses + (ports | key.protocol())));
    }

    private static int fold(final long hash) {
        return (int) (hash >>> Integer.SIZE);
    }

    // The finaliser of SplitMix64: every input bit reaches every output bit.
    private static long mix(final long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package com.example.acme;

import io.millrace.Burst;
import io.millrace.DropReason;
import io.millrace.packet.EtherType;
import io.millrace.packet.Ethernet;
import io.millrace.packet.Ipv4;
import io.millrace.pipeline.DropPoint;
import io.millrace.pipeline.Node;
import io.millrace.pipeline.Output;
import io.millrace.pipeline.Worker;

/** Takes hops off IPv4 packets, as a router does. What is not IPv4 passes as it is. */
final class Ttl extends Node {
    private static final DropReason EXPIRED = new DropReason("expired", "the packet has no hops left");
    private static final DropReason MALFORMED = new DropReason("malformed", "the IPv4 header makes no sense");

    private final Output out = output("out");
    private final Ethernet ethernet = new Ethernet();
    private final Ipv4 ip = new Ipv4();
    private final int hops;
    private DropPoint expired;
    private DropPoint malformed;

    Ttl(final int hops) {
        this.hops = hops;
    }

    Output out() {
        return out;
    }

    @Override
    protected void onStart(final Worker worker) {
        expired = drops(EXPIRED);
        malformed = drops(MALFORMED);
    }

    @Override
    protected void process(final Burst burst) {
        for (int i = 0; i < burst.size(); i++) {
            if (!ethernet.wrap(burst, i) || ethernet.type() != EtherType.IPV4) {
                out.emit(burst, i);
            } else if (!ip.wrap(burst, i, Ethernet.LENGTH) || !ip.isValid()) {
                malformed.drop(burst, i);
            } else if (ip.timeToLive() <= hops) {
                expired.drop(burst, i);
            } else {
                for (int hop = 0; hop < hops; hop++) {
                    ip.decrementTimeToLive();
                }
                out.emit(burst, i);
            }
        }
    }
}

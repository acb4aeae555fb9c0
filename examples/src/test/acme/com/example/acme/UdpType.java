/* SPDX-License-Identifier: Apache-2.0 */
package com.example.acme;

import io.millrace.ConfigurationException;
import io.millrace.PollModeDriver;
import io.millrace.Port;
import io.millrace.PortContext;
import io.millrace.PortSpec;
import io.millrace.PortType;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;

/** Makes {@code udp:left,local=5000,peer=5001} a port of the command line. */
public final class UdpType implements PortType {
    private static final int MAX_PORT = 65535;

    @Override
    public String name() {
        return "udp";
    }

    @Override
    public String usage() {
        return "udp:NAME,local=N,peer=N";
    }

    @Override
    public PollModeDriver driver(final PortSpec spec) {
        final int local = spec.number("local", 1, MAX_PORT, 0);
        final int peer = spec.number("peer", 1, MAX_PORT, 0);
        spec.end();
        if (local == 0 || peer == 0) {
            throw new ConfigurationException("the port \"" + spec + "\" needs local= and peer=, two UDP ports of 127.0.0.1");
        }
        return context -> open(spec.target(), local, peer, context);
    }

    private static Port open(final String name, final int local, final int peer, final PortContext context) {
        try {
            final DatagramChannel socket = DatagramChannel.open();
            socket.configureBlocking(false);
            socket.bind(new InetSocketAddress("127.0.0.1", local)).connect(new InetSocketAddress("127.0.0.1", peer));
            return new UdpPort(name, socket, context);
        } catch (final IOException e) {
            throw new ConfigurationException("udp:" + name + ": UDP port " + local + " cannot be used: " + e.getMessage());
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.tap;

import io.millrace.linux.Fd;
import io.millrace.packet.MacAddress;

import java.util.List;

/** What a {@link Tap} says. Changed only while a description is being made from another; read-only from then on. */
final class Settings implements Cloneable {
    /** Instead of an address: leave the one it has. */
    static final long NO_MAC = -1;

    /** The interface's name; null if descriptors were given. */
    String device;
    /** Descriptors of open queues; empty if there is a name. */
    List<Fd> given = List.of();
    /** Whether it is attached to and never made. */
    boolean mustExist;
    /** Whether it carries IP without Ethernet headers. */
    boolean isTun;
    int queues = 1;
    /** Where it is; null for the process's own. */
    String namespace;
    /** 0 to leave it. */
    int mtu;
    long mac = NO_MAC;
    /** For tun: the destination of what comes in. */
    long peer = MacAddress.BROADCAST;
    boolean isPersistent;
    boolean isBroughtUp = true;
    int offloads;
    Io io = Io.AUTO;
    boolean comesBack = true;
    /** The port's. */
    String name;

    Settings copy() {
        try {
            return (Settings) clone();
        } catch (final CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public String toString() {
        return (isTun ? "tun:" : "tap:") + (device == null ? "given" : device);
    }
}

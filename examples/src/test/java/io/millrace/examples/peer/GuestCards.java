/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples.peer;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The network cards of one guest, numbered from 1 on. Card {@code n} has the socket {@code nN.sock} in {@code folder}
 * and a network of its own, in which the guest is 10.1.N.1 and who is outside 10.1.N.2.
 *
 * @param devices what QEMU's device has or lacks, for each card
 * @param queues queue pairs of those with {@code mq=on}
 */
record GuestCards(Path folder, List<String> devices, int queues) {
    IntStream numbers() {
        return IntStream.rangeClosed(1, devices.size());
    }

    Path socket(final int n) {
        return folder.resolve("n" + n + ".sock");
    }

    /** What QEMU is told of a card, with more properties of the device: these first, then those of the card. */
    List<String> options(final int n, final String properties) {
        final String device = devices.get(n - 1);
        return List.of("-chardev", "socket,id=net" + n + ",reconnect=1,path=" + socket(n),
            "-netdev", "vhost-user,id=card" + n + ",chardev=net" + n
                + (device.contains("mq=on") ? ",queues=" + queues : ""),
            // As Guest.Link: no vectors.
            "-device", "virtio-net-pci,vectors=0,romfile=," + properties + ",netdev=card" + n + ",mac=" + mac(n) + ","
                + device);
    }

    /** Brings all of them up in the guest. */
    void up(final Guest guest, final int mtu) {
        numbers().forEach(n -> guest.run("sysctl -q -w net.ipv4.conf.all.arp_ignore=1; device=$(grep -l " + mac(n)
            + " /sys/class/net/*/address | cut -d / -f 5); ip address add 10.1." + n + ".1/24 dev $device;"
            + " ip link set $device mtu " + mtu + " up"));
    }

    private static String mac(final int n) {
        return String.format("52:54:00:00:01:%02x", n);
    }

    /** Gives the outside its addresses on {@code device}. */
    void addresses(final NetLab.Namespace outside, final String device) {
        numbers().forEach(n -> outside.run("ip address add 10.1." + n + ".2/24 dev " + device));
    }

    static Station inside(final Guest guest, final int n) {
        return guest.at("10.1." + n + ".1");
    }

    static Station peer(final NetLab.Namespace outside, final int n) {
        return outside.at("10.1." + n + ".2");
    }
}

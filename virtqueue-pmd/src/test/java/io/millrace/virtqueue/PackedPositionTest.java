/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Where a device goes on from that is started on a ring of another one, with whatever base. */
class PackedPositionTest {
    private static final int NEXT = DeviceRing.NEXT;
    private static final int LONGEST = 7;

    private static PackedRing started(final PackedGuest guest, final int base, final long features) {
        final PackedRing ring = new PackedRing(guest.setup(PackedFixture.FEATURES | features, true, base));
        ring.start();
        return ring;
    }

    private static void add(final PackedGuest guest, final int length, final int id) {
        for (int i = 1; i < length; i++) {
            guest.add(guest.buffer(i), 64, id, NEXT);
        }
        guest.add(guest.buffer(0), 64, id, 0);
    }

    private static int take(final PackedRing ring, final int most) {
        final Chain chain = new Chain();
        int n = 0;
        while (n < most && ring.available(1) > 0) {
            chain.clear();
            if (!ring.readChain(chain, 0)) {
                break;
            }
            n++;
        }
        ring.completeReads(n);
        ring.publish();
        return n;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 64, 255, 256, 1000})
    void shouldBeWhereTheLastDeviceWasWhateverTheBaseSays(final int size) {
        final Random random = new Random(size);
        try (PackedGuest guest = new PackedGuest(size)) {
            PackedRing ring = started(guest, PackedRing.WRAP, 0);
            final List<Integer> bases = new ArrayList<>(List.of(ring.base()));
            final Deque<Integer> lengths = new ArrayDeque<>();
            int free = size;
            int id = 0;
            for (int round = 0; round < 3000; round++) {
                for (int some = random.nextInt(10); some > 0; some--) {
                    final int length = 1 + random.nextInt(LONGEST);
                    if (length <= free) {
                        add(guest, length, id++ & 0xfff);
                        lengths.add(length);
                        free -= length;
                    }
                }
                take(ring, random.nextInt(12));
                while (random.nextInt(8) > 0 && guest.used() != PackedGuest.NOTHING) {
                    guest.takeUsed(guest.used());
                    free += lengths.remove();
                }
                bases.add(ring.base());
                final PackedRing next = started(guest, bases.get(random.nextInt(bases.size())), 0);
                assertEquals(ring.base(), next.base(), "after round " + round);
                if (random.nextInt(20) == 0) {
                    ring = next;
                }
            }
        }
    }

    @Test
    void shouldBelieveTheBaseWhereBuffersAreUsedInOrder() {
        try (PackedGuest guest = new PackedGuest(8)) {
            final PackedRing ring = started(guest, PackedRing.WRAP, Features.VIRTIO_F_IN_ORDER);
            for (int i = 0; i < 3; i++) {
                add(guest, 1, i);
            }
            assertEquals(3, take(ring, 3));
            assertEquals(ring.base(), started(guest, ring.base(), Features.VIRTIO_F_IN_ORDER).base());
        }
    }

    @Test
    void shouldBelieveTheBaseWhereAnotherDeviceLeftChainsAsTheyWere() {
        try (PackedGuest guest = new PackedGuest(8)) {
            final int used = PackedRing.AVAIL | PackedRing.USED;
            add(guest, 3, 1);
            add(guest, 2, 2);
            // As DPDK does: nothing but the first descriptor of each chain.
            guest.desc(0, guest.buffer(0), 0, 1, used);
            guest.desc(3, guest.buffer(0), 0, 2, used);
            final int base = 5 | PackedRing.WRAP;
            assertEquals(base | base << 16, started(guest, base, 0).base());
        }
    }
}

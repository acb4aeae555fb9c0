/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.LinkState;
import io.millrace.Port;
import org.junit.jupiter.api.Test;

/** Several devices on one pool: a packet goes from one to the other in the frame it came in. */
class SharedUmemTest {
    @Test
    void shouldForwardBetweenTwoDevicesWithoutACopy() {
        try (PairFixture pair = new PairFixture(); VethLab other = new VethLab(1)) {
            final Port near = pair.open(
                AfXdp.device(VethLab.LEFT).namespace(other.leftSpace).name("near").ringSize(512));
            final Port far = pair.open(
                AfXdp.device(VethLab.RIGHT).namespace(other.rightSpace).name("far").ringSize(512));
            assertEquals(4, Umem.members(pair.pool));
            // left -> right, taken off and sent on by near, received by far.
            for (int number = 0; number < 300; number++) {
                pair.add(pair.out, number, 100);
                pair.left.tx(0).transmit(pair.out);
                Await.until(() -> "a packet at right", () -> pair.right.rx(0).receive(pair.in) > 0);
                final int offset = pair.in.offset(0);
                assertEquals(1, near.tx(0).transmit(pair.in));
                Await.until(() -> "a packet at far", () -> far.rx(0).receive(pair.in) > 0);
                assertEquals(256, offset % ChunkSet.CHUNK);
                pair.check(pair.in, 0, number, 100, far);
                pair.in.freeAll();
            }
            pair.close(near);
            pair.close(far);
            assertEquals(2, Umem.members(pair.pool));
        }
    }

    @Test
    void shouldKeepTheRegistrationWhenItsFirstSocketGoes() {
        try (PairFixture pair = new PairFixture()) {
            // Right shares what left has registered.
            pair.close(pair.left);
            pair.left = pair.open(AfXdp.device(VethLab.LEFT).namespace(pair.lab.leftSpace).name("again"));
            pair.await(pair.left, LinkState.UP);
            pair.carry(pair.left.tx(0), pair.right.rx(0), pair.right, 200, 100);
            pair.carry(pair.right.tx(0), pair.left.rx(0), pair.left, 200, 100);
        }
    }

    @Test
    void shouldNotShareBetweenSocketsThatAreBoundDifferently() {
        try (PairFixture pair = new PairFixture()) {
            pair.close(pair.left);
            pair.left = pair.open(AfXdp.device(VethLab.LEFT).namespace(pair.lab.leftSpace).name("other")
                .needWakeup(false).multiBuffer(false));
            pair.await(pair.left, LinkState.UP);
            pair.carry(pair.left.tx(0), pair.right.rx(0), pair.right, 200, 100);
            pair.carry(pair.right.tx(0), pair.left.rx(0), pair.left, 200, 100);
        }
    }
}

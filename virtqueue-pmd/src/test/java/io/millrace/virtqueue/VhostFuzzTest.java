/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

import io.millrace.LinkState;
import io.millrace.Port;
import io.millrace.linux.Fd;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Front-ends that say anything, by seeded chance: mostly well formed, for garbage gets no further than the header. */
class VhostFuzzTest {
    private static final int SESSIONS = 400;
    private static final int MESSAGES = 60;
    private static final RequestHandlers SERVED =
        RawFrontEnd.handlers();

    @Test
    void shouldSurviveAnythingThatIsSaid() {
        try (PortFixture fixture = new PortFixture()) {
            final Port neighbour = fixture.listen("neighbour");
            fixture.listen("victim");
            fixture.startWorker();
            try (RawFrontEnd good = RawFrontEnd.connect(fixture.path("neighbour"))) {
                good.startAll();
                for (int seed = 0; seed < SESSIONS; seed++) {
                    final Random random = new Random(seed);
                    try (RawFrontEnd bad = RawFrontEnd.connect(fixture.path("victim"))) {
                        if (random.nextBoolean()) {
                            bad.startAll();
                        }
                        for (int i = 0; i < MESSAGES; i++) {
                            say(bad, random);
                        }
                    }
                    assertEquals(1, good.ask(VhostRequest.GET_QUEUE_NUM), "seed " + seed);
                    assertEquals(LinkState.UP, neighbour.link(), "seed " + seed);
                }
            }
            assertEquals(0, fixture.count("port/victim/session/internal-error"));
        }
    }

    private static void say(final RawFrontEnd bad, final Random random) {
        final VhostRequest[] requests = VhostRequest.values();
        final VhostRequest request = requests[random.nextInt(requests.length)];
        if (SERVED.of(request) == null && random.nextInt(16) != 0) {
            // Would end the session at once: only now and then.
            return;
        }
        final ByteBuffer payload = switch (request) {
            case SET_MEM_TABLE -> RawFrontEnd.table(number(random), number(random), number(random), number(random));
            case ADD_MEM_REG, REM_MEM_REG ->
                RawFrontEnd.region(number(random), number(random), number(random), number(random));
            case SET_VRING_ADDR -> RawFrontEnd.address(random.nextInt(2)).putLong(8 + 8 * random.nextInt(4),
                RawFrontEnd.USER + (number(random) & ~15L));
            case SET_FEATURES -> RawFrontEnd.u64(RawFrontEnd.FEATURES & number(random));
            case SET_PROTOCOL_FEATURES -> RawFrontEnd.u64(RawFrontEnd.PROTOCOL_FEATURES & number(random));
            case SET_VRING_NUM -> RawFrontEnd.state(random.nextInt(2), 1 << random.nextInt(16));
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> RawFrontEnd.u64(random.nextInt(2));
            case SET_STATUS, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_ENABLE, NET_SET_MTU ->
                RawFrontEnd.state(random.nextInt(2), random.nextInt(2));
            default -> RawFrontEnd.payload(0);
        };
        final Fd[] fds = switch (request) {
            case SET_MEM_TABLE, ADD_MEM_REG -> new Fd[] {bad.memory};
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> new Fd[] {bad.event.fd()};
            default -> new Fd[0];
        };
        final int flags = Message.VERSION | (random.nextBoolean() ? Message.NEED_REPLY : 0);
        bad.send(request.id(), flags, payload, fds);
    }

    /** Numbers that mean something here, and their neighbours. */
    private static long number(final Random random) {
        final long[] numbers = {
            0, RawFrontEnd.GUEST, RawFrontEnd.USER, RawFrontEnd.MEMORY, 4096, -4096, -1, Long.MIN_VALUE, 1L << 40
        };
        final long number = numbers[random.nextInt(numbers.length)];
        return random.nextInt(4) == 0 ? number + random.nextInt(3) - 1 : number;
    }
}

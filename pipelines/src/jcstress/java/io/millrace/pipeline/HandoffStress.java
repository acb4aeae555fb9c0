/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Burst;
import io.millrace.Counters;
import io.millrace.FrameCache;
import io.millrace.FramePool;
import io.millrace.linux.Epoll;
import io.millrace.linux.Fd;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

/**
 * A {@link Handoff} between two workers: every packet comes over, once and in order; parcels come back; a receiver that
 * goes to sleep is woken. A packet is known by its length; several are written as the digits of a number.
 */
public class HandoffStress {
    // Packets are numbers here: no frame is allocated, and none is touched.
    private static final FrameCache FRAMES = FramePool.create(1, 0).cache("stress");
    private static final Counters.Scope SCOPE = Counters.inMemory().scope("handoff", "a-b");

    private static Handoff handoff(final int most, final boolean wakes) {
        return new Handoff(1, most, wakes, SCOPE);
    }

    private static int send(final Handoff handoff, final int packet) {
        final Burst burst = new Burst(FRAMES, 1);
        burst.add(0, packet, 0);
        return handoff.tx().transmit(burst);
    }

    private static int receive(final Handoff handoff) {
        final Burst burst = new Burst(FRAMES, 4);
        handoff.rx().receive(burst);
        int digits = 0;
        for (int i = 0; i < burst.size(); i++) {
            digits = digits * 10 + burst.length(i);
        }
        return digits;
    }

    /** Two packets are sent one after the other while the receiver polls twice. */
    @JCStressTest
    @Outcome(id = {"0, 0, 12", "0, 1, 2", "0, 12, 0", "1, 0, 2", "1, 2, 0", "12, 0, 0"}, expect = ACCEPTABLE,
        desc = "both, in order")
    @Outcome(expect = FORBIDDEN, desc = "a packet is lost, came twice, or overtook another")
    @State
    public static class Forth {
        private final Handoff handoff = handoff(4, false);

        /** Sends two. */
        @Actor
        public void sender() {
            send(handoff, 1);
            send(handoff, 2);
        }

        /** Polls twice. */
        @Actor
        public void receiver(final III_Result result) {
            result.r1 = receive(handoff);
            result.r2 = receive(handoff);
        }

        /** Takes the rest. */
        @Arbiter
        public void rest(final III_Result result) {
            result.r3 = receive(handoff);
        }
    }

    /** It is full, and the sender wants the parcel back that the receiver is emptying. */
    @JCStressTest
    @Outcome(id = "0, 1, 0", expect = ACCEPTABLE, desc = "still full")
    @Outcome(id = {"1, 1, 2", "1, 12, 0"}, expect = ACCEPTABLE, desc = "the parcel was back and took another packet")
    @Outcome(expect = FORBIDDEN, desc = "a packet is lost, or was loaded on top of another")
    @State
    public static class Back {
        private final Handoff handoff = handoff(1, false);

        /** Makes it full. */
        public Back() {
            send(handoff, 1);
        }

        /** Sends another, if it can. */
        @Actor
        public void sender(final III_Result result) {
            result.r1 = send(handoff, 2);
        }

        /** Polls. */
        @Actor
        public void receiver(final III_Result result) {
            result.r2 = receive(handoff);
        }

        /** Takes the rest. */
        @Arbiter
        public void rest(final III_Result result) {
            result.r3 = receive(handoff);
        }
    }

    /** The receiver arms its bell, polls a last time and would go to sleep, while a packet is sent. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the last poll saw the packet")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the bell wakes the receiver")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both, which costs one poll for nothing")
    @Outcome(expect = FORBIDDEN, desc = "the receiver sleeps on a packet")
    @State
    public static class WakeUp {
        private static final ThreadLocal<Epoll> EPOLL = ThreadLocal.withInitial(Epoll::create);

        private final Handoff handoff = handoff(1, true);
        private Fd bell;

        /** Sends one. */
        @Actor
        public void sender() {
            send(handoff, 1);
        }

        /** Prepares to sleep. */
        @Actor
        public void receiver(final II_Result result) {
            bell = handoff.rx().arm();
            result.r1 = receive(handoff);
        }

        /** Finds out whether it would sleep. */
        @Arbiter
        public void sleep(final II_Result result) {
            final Epoll epoll = EPOLL.get();
            epoll.add(bell, Epoll.IN, 0);
            result.r2 = epoll.await(0);
            epoll.remove(bell);
            handoff.close();
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A transmit queue or a handoff had no room for packets. One event per queue and interval at most. */
@Name("io.millrace.RingFull")
@Label("Ring Full")
@Description("The peer of a queue, or the next worker, took packets more slowly than they arrived")
@Category({"Millrace", "Packets"})
@StackTrace(false)
final class RingFull extends DataplaneEvent {
    @Label("Queue")
    @Description("Such as port/vm0/tx0")
    String queue;

    @Label("Packets")
    @Description("Dropped in the interval for want of room")
    long packets;

    @Label("Interval")
    @Timespan(Timespan.NANOSECONDS)
    long interval;
}

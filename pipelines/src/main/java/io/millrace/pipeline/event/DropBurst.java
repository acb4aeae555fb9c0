/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.SettingDefinition;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A drop counter grew fast. One event per counter and interval at most. */
@Name("io.millrace.DropBurst")
@Label("Drop Burst")
@Description("Many packets were dropped in a short time; the setting minRate says what many is, in packets a second")
@Category({"Millrace", "Packets"})
@StackTrace(false)
final class DropBurst extends DataplaneEvent {
    @Label("Counter")
    @Description("What dropped them and why, such as port/vm0/tx0/drop/ring-full")
    String counter;

    @Label("Packets")
    @Description("Dropped in the interval")
    long packets;

    @Label("Interval")
    @Timespan(Timespan.NANOSECONDS)
    long interval;

    @Label("Rate")
    @Description("Packets dropped a second")
    double rate;

    /** Asked by the recorder: whether the rate is worth an event. */
    @SettingDefinition
    @Name("minRate")
    @Label("Minimum Rate")
    @Description("Packets dropped a second from which on there is an event")
    boolean isFast(final MinRate minRate) {
        return rate >= minRate.packetsPerSecond();
    }
}

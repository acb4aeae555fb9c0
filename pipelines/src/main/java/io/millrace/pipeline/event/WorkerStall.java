/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A worker stood still and goes on now. */
@Name("io.millrace.WorkerStall")
@Label("Worker Stall")
@Description("A worker did not come to the end of a pass over its queues and nodes, and now has")
@Category({"Millrace", "Worker"})
@StackTrace(false)
final class WorkerStall extends DataplaneEvent {
    @Label("Worker")
    String worker;

    @Label("Stalled")
    @Description("For how long")
    @Timespan(Timespan.NANOSECONDS)
    long stalled;

    @Label("Where")
    @Description("What it was in when that was noticed")
    String where;
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** Another graph runs from now on. */
@Name("io.millrace.GraphSwap")
@Label("Graph Swap")
@Description("Another graph was applied while the data plane ran")
@Category({"Millrace", "Graph"})
@StackTrace(false)
final class GraphSwap extends DataplaneEvent {
    @Label("Version")
    @Description("How many graphs were started or applied so far")
    long version;

    @Label("Added")
    @Description("Nodes that are new")
    int added;

    @Label("Kept")
    @Description("Nodes that went on with their state")
    int kept;

    @Label("Removed")
    @Description("Nodes that are gone")
    int removed;

    @Label("Pause")
    @Description("For how long the slowest worker moved no packets")
    @Timespan(Timespan.NANOSECONDS)
    long pause;
}

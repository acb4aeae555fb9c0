/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The link of a port has changed: a peer came or went, an interface went up or down. */
@Name("io.millrace.LinkChange")
@Label("Link Change")
@Description("A peer of a port came or was sent away, or its interface went up or down")
@Category({"Millrace", "Ports"})
@StackTrace(false)
final class LinkChange extends DataplaneEvent {
    @Label("Port")
    String port;

    @Label("State")
    @Description("From now on: up, down or gone")
    String state;

    @Label("Reason")
    String reason;
}

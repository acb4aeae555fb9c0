/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;

/** What all events have: a process may run several data planes. */
abstract class DataplaneEvent extends Event {
    @Label("Data Plane")
    @Description("Its name")
    String dataplane;
}

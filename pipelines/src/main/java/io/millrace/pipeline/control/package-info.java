/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Control of a running data plane by other processes: requests and answers in JSON, a line each, over a Unix socket.
 *
 * <pre>
 *   another process                                 this process
 *
 *   ControlClient --- {"id":1,"do":"ports"} -----&gt; Session (control thread: cuts lines, never parses)
 *                                                     |  one request of a client at a time
 *                                                     v
 *                                                  Request, found by its name (a thread of the server)
 *                                                     |
 *                 &lt;-- {"id":1,"ok":[...]} ---------- Session
 *                  or {"id":1,"error":"why"}
 * </pre>
 *
 * <p>Read {@link io.millrace.pipeline.control.ControlServer} and {@link io.millrace.pipeline.control.Request} first,
 * then {@link io.millrace.pipeline.control.Requests}, the table of those that every data plane answers, with {@code
 * WatchRequests} for those that change its graph. {@code Protocol} says how they are written.
 * {@link io.millrace.pipeline.control.ControlClient} is the other end.
 */
package io.millrace.pipeline.control;

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Copies of packets for whoever wants to look: to capture them, to log flows, to mirror them to another port. The
 * packets themselves go on at their own speed.
 *
 * <pre>
 *   wire ---- probe ----&gt; wire            on the workers
 *               |
 *               v  copies
 *          {@link io.millrace.pipeline.multicast.Multicast}: a ring for each worker
 *               |
 *               +--&gt; {@link io.millrace.pipeline.multicast.Capture} --&gt; pcapng         on a thread each
 *               +--&gt; {@link io.millrace.pipeline.multicast.FlowLog} --&gt; JSON
 *               +--&gt; {@link io.millrace.pipeline.multicast.Mirror}, a port               on a worker
 *               +--&gt; {@link io.millrace.pipeline.multicast.Subscription}                 on your own thread
 * </pre>
 *
 * <p>Read {@link io.millrace.pipeline.multicast.Multicast} first, which says how it works, then {@code Ring} and
 * {@code Reader}: they are all of it. {@code Subscriber} is what capture and flow log have in common.
 *
 * <p>{@link io.millrace.pipeline.multicast.Captures} and {@link io.millrace.pipeline.multicast.Tracer} put the probes
 * on wires and drop points of a graph that runs and take them off again, by {@code Lookout}. A trace is made of copies
 * by {@code TraceMarks} on the workers and {@code TraceMaker} afterwards.
 */
package io.millrace.pipeline.multicast;

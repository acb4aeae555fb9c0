/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Events of the JDK Flight Recorder: what to look at beside the garbage collector and the scheduler when packets went
 * missing at 10:42:07.
 *
 * <pre>
 *   link changes, stalls, swaps ---&gt;+
 *                                   +---  {@link io.millrace.pipeline.event.Events} ---&gt; recording.jfr
 *   drop counters, every 100 ms ---&gt;+
 * </pre>
 *
 * {@code io.millrace.WorkerStall}, {@code DropBurst}, {@code RingFull}, {@code LinkChange}, {@code GraphSwap}. Nothing
 * is written per packet. Read {@code Events}, then one of them.
 */
package io.millrace.pipeline.event;

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Packets that can be checked: a port that generates them and a port that says what became of them.
 *
 * <pre>
 *   {@link io.millrace.pipeline.traffic.Traffic} port                       another one, or the same
 *   +----------------+     numbered     +---------------------+     +----------------+
 *   | rx: generates  | ---------------&gt; |  what is under test | --&gt; | tx: verifies   |
 *   +----------------+     packets      +---------------------+     +----------------+
 *                                                                           |
 *                                                  {@link io.millrace.pipeline.traffic.Verdict}
 * </pre>
 *
 * <p>Read {@link io.millrace.pipeline.traffic.Traffic}, then {@code Numbered}, which shows the packet, and {@code
 * Latency} for how the time is kept that packets were on the way. {@link io.millrace.pipeline.traffic.WarmUp} has the
 * JVM compile a graph before peers come.
 */
package io.millrace.pipeline.traffic;

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Forwarding graphs and the workers that run them.
 *
 * <pre>
 *   {@link io.millrace.pipeline.Graph} (what users wire: passive)
 *       |  checked, taken apart, put in order
 *       v
 *   components --- linked ---&gt; program (what one worker runs)
 *                                 |
 *   port rx ---+                  v
 *              +---&gt; inbox [ node ] --- output ---&gt; inbox ---&gt; port tx
 *   port rx ---+
 *              one {@link io.millrace.pipeline.Worker}, one pass: all rx, then all nodes in order, then all tx
 *
 *   worker edge: ... node ---&gt; tx [ handoff ] rx ---&gt; node ... :worker core
 *
 *   queue per core: port rx q ---&gt; [ replica q ] ---&gt; port tx q       :worker q, for each q
 * </pre>
 *
 * <p>Read {@link io.millrace.pipeline.Dataplane}, {@link io.millrace.pipeline.Graph} and {@link
 * io.millrace.pipeline.Node} to use it; {@link io.millrace.pipeline.MacSwap} is the smallest node and {@link
 * io.millrace.pipeline.LearningSwitch} a real one, {@link io.millrace.pipeline.Rss} spreads flows over workers; a
 * {@link io.millrace.pipeline.NodeType} makes a node a word of the command line. Then {@code GraphCheck}, {@code
 * Components}, {@code Linker} and {@code Program} to change it; {@code Placement}, {@code Sections} and {@code Handoff}
 * for several workers, {@code Swap} for how a graph takes another one's place, {@link io.millrace.pipeline.Probe},
 * {@link io.millrace.pipeline.DropPoint} and {@link io.millrace.pipeline.GraphView} for how it is looked at, and
 * {@code AdaptiveIdle} for what a worker does when there is nothing to do.
 */
package io.millrace.pipeline;

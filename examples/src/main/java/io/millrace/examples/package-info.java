/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The {@code millrace} command line, and the shortest switch.
 *
 * <pre>
 *   Main -- MillraceCommand --+-- switch, patch, echo    a graph between ports that the user names
 *                             +-- generate, sink, demo   a graph with a port that makes and checks packets
 *                             +-- stats                  counters of another process
 *                             +-- ports, fdb, trace,     what another process answers ({@code Target})
 *                             |   capture, balance
 *                             +-- top, graph, explain    what happened between two looks at it ({@code Interval})
 *                             +-- doctor                 what this machine can run
 *                             +-- bench                  benchmarks; the launcher runs them
 * </pre>
 *
 * <p>Read {@code FifteenLineSwitch} first: it is all a program of your own needs. {@code QueuePerCore} runs on several
 * CPUs, {@code HotPlug} changes what runs, {@code EtherTypeFilter} is a node. Then {@code SwitchCommand} and
 * {@code Run}, which opens ports, starts a graph, waits and reports. Sentences for users are made in {@code Problems}.
 */
package io.millrace.examples;

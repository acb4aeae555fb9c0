/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.function.Function;

/**
 * Somebody who looks at a wire, see {@link Graph#watch}. In a copy of the graph the watch is an equal one: a worker
 * that gets the copy to run keeps its probe.
 *
 * @param wire   the name of the wire.
 * @param probes makes the probe of a worker.
 */
record Watch(String wire, Function<? super Worker, ? extends Probe> probes) {
}

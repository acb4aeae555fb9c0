/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

/** Packets of a data plane that are looked at until this is closed: from any thread, and more than once if need be. */
@FunctionalInterface
public interface Watching extends AutoCloseable {
    @Override
    void close();
}

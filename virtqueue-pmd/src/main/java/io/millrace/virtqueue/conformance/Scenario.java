/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue.conformance;

import java.util.function.Consumer;

/**
 * One thing that a back-end has to do.
 *
 * @param name   a few words joined by {@code -}.
 * @param rule   the rule, as one sentence about the back-end.
 * @param origin a back-end that broke it, or the section that says so.
 * @param script plays it, each time with a guest that has no connection yet, and throws {@link Unmet}.
 */
public record Scenario(String name, String rule, String origin, Consumer<Guest> script) {
    @Override
    public String toString() {
        return name;
    }
}

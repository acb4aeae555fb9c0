/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.multicast;

import io.millrace.ConfigurationException;

import java.util.Arrays;

/**
 * The numbers of wires, and the clock that goes with them. A number is in a slot only after its name is here.
 *
 * <p>Thread safety: any thread.
 */
final class Wires {
    private final long epochOffsetNs = System.currentTimeMillis() * 1_000_000 - System.nanoTime();
    private volatile Entry[] entries = {};

    /** The number of a wire, a new one if the name is new. */
    synchronized int id(final String name, final String description) {
        if (!name.matches("[A-Za-z0-9._:-]+")) {
            throw new ConfigurationException("the wire name \"" + name
                + "\" cannot be used: take letters, digits and . _ : - only");
        }
        final Entry[] known = entries;
        for (int id = 0; id < known.length; id++) {
            if (known[id].name.equals(name)) {
                return id;
            }
        }
        final Entry[] more = Arrays.copyOf(known, known.length + 1);
        more[known.length] = new Entry(name, description);
        entries = more;
        return known.length;
    }

    String name(final int id) {
        return entries[id].name;
    }

    String description(final int id) {
        return entries[id].description;
    }

    long epochNs(final long timeNs) {
        return timeNs + epochOffsetNs;
    }

    /** One wire. */
    private record Entry(String name, String description) {
    }
}

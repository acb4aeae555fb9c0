/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.pipeline.traffic.Traffic;
import picocli.CommandLine.Option;

/** What generated packets are like. */
final class TrafficOptions {
    @Option(names = "--sizes", paramLabel = "BYTES", defaultValue = "64", order = 21,
        description = "packet sizes in turn, such as 64 or 64,590,1514, or imix; without FCS (default: 64)")
    private String sizes;

    @Option(names = "--rate", paramLabel = "PPS", order = 22, defaultValue = "0",
        description = "packets a second, each due at its time, from which its latency counts; 0 is as many as possible "
            + "(default: 0)")
    private long rate;

    @Option(names = "--flows", paramLabel = "N", order = 23, defaultValue = "1",
        description = "flows in turn, each with a UDP source port of its own (default: 1)")
    private int flows;

    @Option(names = "--count", paramLabel = "N", order = 24, description = "stop after N packets")
    private Long count;

    @Option(names = "--source", paramLabel = "MAC", order = 25, description = "the address they come from")
    private String source;

    @Option(names = "--destination", paramLabel = "MAC", order = 26, description = "the address they go to")
    private String destination;

    @Option(names = "--window", paramLabel = "N", order = 27,
        description = "with --echo: have N packets on the way at most, so that none need be lost")
    private Integer window;

    /** Traffic like that, which waits to be started. */
    Traffic traffic(final String name) {
        final Traffic traffic = Traffic.named(name).sizes(sizes).rate(rate).flows(flows).paused();
        if (count != null) {
            traffic.count(count);
        }
        if (source != null) {
            traffic.source(source);
        }
        if (destination != null) {
            traffic.destination(destination);
        }
        if (window != null) {
            traffic.window(window, traffic);
        }
        return traffic;
    }

    boolean hasWindow() {
        return window != null;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.util.concurrent.Callable;

/** {@code millrace demo}. */
@Command(name = "demo", mixinStandardHelpOptions = true,
    description = "Shows it at work: packets between stations of this process, through sockets, rings and a switch,"
        + " each one checked. Needs no root and no virtual machine. Ends after 10 seconds with a verdict.")
final class DemoCommand implements Callable<Integer> {
    private static final double SECONDS = 10;
    private static final String INTRODUCTION =
        "A switch and %d stations, which to the switch are what the network cards of virtual machines are.%n"
            + "Each station sends numbered packets to the next one, which checks them.%n";

    @Mixin
    private HistogramFile histogram;

    @Mixin
    private RunOptions options;

    @Override
    public Integer call() {
        if (!options.isJson()) {
            System.out.printf(INTRODUCTION, Demo.STATIONS);
        }
        histogram.check();
        final Demo demo = new Demo(histogram);
        return new Run(options, demo, SECONDS, 1).with(demo.drivers());
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.PortType;
import io.millrace.pipeline.NodeType;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Function;

/** {@code millrace} itself: the list of commands. */
@Command(name = "millrace", mixinStandardHelpOptions = true, versionProvider = MillraceCommand.Version.class,
    synopsisSubcommandLabel = "COMMAND", usageHelpAutoWidth = true,
    description = "Moves packets between VMs, the kernel and NICs.",
    subcommands = {DemoCommand.class, SwitchCommand.class, PatchCommand.class, EchoCommand.class,
        GenerateCommand.class, SinkCommand.class, StatsCommand.class, TopCommand.class, PortsCommand.class,
        FdbCommand.class, GraphCommand.class, TraceCommand.class, CaptureCommand.class, ExplainCommand.class,
        BalanceCommand.class, DoctorCommand.class, ConformanceCommand.class,
        BenchCommand.class},
    footerHeading = "%nPorts:%n")
final class MillraceCommand implements Runnable {
    private static final int WIDTH = 76;

    private CommandSpec spec;

    /** Fills the lists of port and node types in, which depend on what is on the class path. */
    @Spec
    void spec(final CommandSpec own) {
        this.spec = own;
        final List<String> lines = usages(PortType.class, PortType::usage);
        lines.add("");
        lines.add("Nodes, for --via:");
        lines.addAll(usages(NodeType.class, NodeType::usage));
        own.usageMessage().footer(lines.toArray(String[]::new));
    }

    private static <T> List<String> usages(final Class<T> service, final Function<T, String> usage) {
        final List<String> lines = new ArrayList<>();
        try {
            ServiceLoader.load(service).forEach(type -> lines.addAll(wrapped(usage.apply(type).replace("%", "%%"))));
        } catch (final ServiceConfigurationError e) {
            lines.add("  (and one on the class path that cannot be loaded: " + e.getMessage().replace("%", "%%") + ")");
        }
        return lines;
    }

    /** In lines that fit a terminal, broken in front of options. */
    private static List<String> wrapped(final String usage) {
        final List<String> lines = new ArrayList<>();
        String line = " ";
        String separator = " ";
        for (final String part : usage.split("(?=\\[,)")) {
            if (line.length() + part.length() > WIDTH) {
                lines.add(line);
                line = "      ";
            }
            line += separator + part;
            separator = "";
        }
        lines.add(line);
        return lines;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to do: millrace demo is a good start");
    }

    /** Says which Millrace and which JDK. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            final String version = MillraceCommand.class.getPackage().getImplementationVersion();
            return new String[] {"millrace " + (version == null ? "(unpacked)" : version)
                + " on JDK " + Runtime.version()};
        }
    }
}

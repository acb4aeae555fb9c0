/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.PortType;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.util.ServiceLoader;

/** {@code millrace} itself: the list of commands. */
@Command(name = "millrace", mixinStandardHelpOptions = true, versionProvider = MillraceCommand.Version.class,
    synopsisSubcommandLabel = "COMMAND", usageHelpAutoWidth = true,
    description = "Moves packets between VMs, the kernel and NICs.",
    subcommands = {DemoCommand.class, SwitchCommand.class, PatchCommand.class, EchoCommand.class,
        GenerateCommand.class, SinkCommand.class, StatsCommand.class, DoctorCommand.class, BenchCommand.class},
    footerHeading = "%nPorts:%n")
final class MillraceCommand implements Runnable {
    private CommandSpec spec;

    /** Fills the list of port types in, which depends on what is on the class path. */
    @Spec
    void spec(final CommandSpec own) {
        this.spec = own;
        own.usageMessage().footer(ServiceLoader.load(PortType.class).stream()
            .map(type -> "  " + type.get().usage().replace("%", "%%")).toArray(String[]::new));
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

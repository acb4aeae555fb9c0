/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code millrace doctor}. */
@Command(name = "doctor", mixinStandardHelpOptions = true,
    description = "Says what this machine and its network interfaces can run, and the command that mends each "
        + "missing thing.",
    footer = {"", "ok = as it should be, -- = missing, not everybody needs it, !! = nothing works without it.",
        "Exit code: 0 unless there is a !!; 2 if there is no such interface."})
final class DoctorCommand implements Callable<Integer> {
    @Parameters(paramLabel = "INTERFACE", arity = "0..*",
        description = "network interfaces to look at, and at nothing else; by default all but loopback")
    private List<String> interfaces = List.of();

    @Option(names = "--json", description = "print JSON")
    private boolean isJson;

    @Override
    public Integer call() {
        final List<Finding> findings = new ArrayList<>();
        if (interfaces.isEmpty()) {
            findings.addAll(Doctor.ofThisMachine().findings());
            findings.addAll(InterfaceFindings.all());
        } else {
            findings.addAll(InterfaceFindings.of(interfaces));
        }
        if (isJson) {
            System.out.println(Json.write(Map.of("findings", findings.stream().map(Finding::json).toList())));
        } else {
            findings.forEach(finding -> System.out.println(finding.text()));
        }
        return findings.stream().anyMatch(finding -> finding.state() == Finding.State.BROKEN) ? 1 : 0;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.ConfigurationException;
import io.millrace.linux.Errno;
import io.millrace.linux.LinuxException;
import io.millrace.pipeline.control.ControlClient;
import io.millrace.pipeline.control.Requests;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.SortedMap;

/** The running process that a command looks into. */
final class Target {
    @Parameters(arity = "0..1", paramLabel = "PID",
        description = "the process; may be left out if only one of yours runs")
    private Long pid;

    /**
     * Connects to it.
     *
     * @throws ConfigurationException if there is no such process, or it cannot be asked.
     */
    ControlClient connect() {
        final RuntimeFolder folder = RuntimeFolder.ofUser();
        final SortedMap<Long, Path> sockets = folder.sockets();
        final long process = pid == null ? onlyOne(folder, sockets) : pid;
        if (!sockets.containsKey(process)) {
            throw new ConfigurationException(whyNot(process, folder));
        }
        try {
            final ControlClient client = ControlClient.connect(sockets.get(process));
            final int protocol = client.ask("hello", Requests.Hello.class).protocol();
            if (protocol == Requests.PROTOCOL) {
                return client;
            }
            client.close();
            throw new ConfigurationException("process " + process + " is another version of Millrace, with protocol "
                + protocol + " instead of " + Requests.PROTOCOL + ": use the millrace that it was started with");
        } catch (final LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ECONNREFUSED) {
                throw new ConfigurationException("process " + process + " is just ending");
            }
            throw e;
        }
    }

    private static long onlyOne(final RuntimeFolder folder, final SortedMap<Long, Path> sockets) {
        if (sockets.isEmpty()) {
            throw new ConfigurationException("nothing of yours runs: no control socket in " + folder.path()
                + "; start something, or become the user who did");
        }
        if (sockets.size() > 1) {
            throw new ConfigurationException("several run, so say which: " + sockets.keySet());
        }
        return sockets.firstKey();
    }

    private static String whyNot(final long process, final RuntimeFolder folder) {
        final ProcessHandle handle = ProcessHandle.of(process).orElse(null);
        if (handle == null) {
            return "there is no process " + process + suggestion(folder);
        }
        if (folder.counters().containsKey(process)) {
            return "process " + process + " has no control socket: an older Millrace started it; use that one";
        }
        final String user = handle.info().user().orElse("another user");
        return user.equals(ProcessHandle.current().info().user().orElse(""))
            ? "process " + process + " is no Millrace that moves packets, or has another XDG_RUNTIME_DIR"
                + suggestion(folder)
            : "process " + process + " belongs to " + user + ": become that user";
    }

    private static String suggestion(final RuntimeFolder folder) {
        return ": there are " + (folder.sockets().isEmpty() ? "none of yours" : folder.sockets().keySet());
    }

    /** How a process was started, as far as it can be told. */
    static String command(final long process) {
        return ProcessHandle.of(process).flatMap(handle -> handle.info().commandLine())
            .map(line -> line.replaceFirst(".* " + Main.class.getName() + " ?", "millrace ")).orElse("");
    }
}

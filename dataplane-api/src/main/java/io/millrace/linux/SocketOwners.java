/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Finds the processes that have a socket open, as far as this one may look at others: in /proc, by descriptors. */
final class SocketOwners {
    private static final Path PROC = Path.of("/proc");
    private static final String PROTOCOL_ATTRIBUTE = "system.sockprotoname";
    private static final int LONGEST_PROTOCOL = 64;

    private SocketOwners() {
    }

    /** The process with the lowest number that has the socket of that inode; 0 if none is seen. */
    static int ofInode(final long inode) {
        final String target = "socket:[" + inode + "]";
        final List<Integer> pids = processesWith(fd -> target.equals(target(fd)));
        return pids.isEmpty() ? 0 : pids.get(0);
    }

    /** The processes that have sockets of a protocol, as the kernel calls it. */
    static List<Integer> ofProtocol(final String protocol) {
        return processesWith(fd -> target(fd).startsWith("socket:") && protocol.equals(protocol(fd)));
    }

    /** The name of a process; empty if it is not there, or 0. */
    static String command(final int pid) {
        try {
            return pid == 0 ? "" : Files.readString(PROC.resolve(pid + "/comm")).trim();
        } catch (final IOException e) {
            return "";
        }
    }

    private static List<Integer> processesWith(final Predicate<Path> isWanted) {
        return entries(PROC).filter(process -> process.getFileName().toString().matches("[0-9]+"))
            .filter(process -> entries(process.resolve("fd")).anyMatch(isWanted))
            .map(process -> Integer.parseInt(process.getFileName().toString())).sorted().toList();
    }

    /** None where this process may not look, or what it looks at has ended. */
    private static Stream<Path> entries(final Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList().stream();
        } catch (final IOException | RuntimeException e) {
            return Stream.of();
        }
    }

    private static String target(final Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (final IOException e) {
            return "";
        }
    }

    private static String protocol(final Path fd) {
        try (Scratch path = Scratch.ofString(fd.toString());
            Scratch attribute = Scratch.ofString(PROTOCOL_ATTRIBUTE);
            Scratch value = new Scratch(LONGEST_PROTOCOL)) {
            final long n = LibC.getxattr(path.address(), attribute.address(), value.address(), LONGEST_PROTOCOL);
            return n <= 0 ? "" : value.text(0, (int) n);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What the README shows is what is compiled. */
class ReadmeTest {
    private static final Pattern PROGRAM = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\(([^):]+)\\)");

    private static String readme() throws IOException {
        return Files.readString(Child.HOME.resolve("README.md"));
    }

    private static List<String> programs() throws IOException {
        final List<String> programs = new ArrayList<>();
        final Matcher matcher = PROGRAM.matcher(readme());
        while (matcher.find()) {
            programs.add(matcher.group(1));
        }
        return programs;
    }

    @Test
    void shouldShowOnlyProgramsThatAreCompiled() throws IOException {
        final List<String> sources = new ArrayList<>();
        for (final Path folder : List.of(Child.HOME.resolve("examples/src/main/java/io/millrace/examples"),
            Acme.SOURCES.resolve("com/example/acme"))) {
            try (Stream<Path> files = Files.list(folder)) {
                for (final Path file : files.toList()) {
                    sources.add(Files.readString(file));
                }
            }
        }
        assertEquals(5, programs().size());
        for (final String program : programs()) {
            assertTrue(sources.stream().anyMatch(source -> source.endsWith("\n" + program)), program);
        }
    }

    @Test
    void shouldShowASwitchOfFifteenLines() throws IOException {
        final String program = programs().get(0);
        assertTrue(program.startsWith("final class FifteenLineSwitch"), program);
        assertEquals(15, program.lines().count());
    }

    @Test
    void shouldShowADriverOfFortyLines() throws IOException {
        final String program = programs().stream().filter(text -> text.contains("implements RxQueue")).findFirst()
            .orElseThrow();
        assertTrue(program.lines().count() <= 40, program);
    }

    @Test
    void shouldLinkToFilesThatAreThere() throws IOException {
        final Matcher matcher = LINK.matcher(readme());
        while (matcher.find()) {
            assertTrue(Files.exists(Child.HOME.resolve(matcher.group(1))), matcher.group(1));
        }
    }

    @Test
    void shouldDescribeEveryCommand() throws IOException {
        for (final String command : Main.commandLine().getSubcommands().keySet()) {
            assertTrue(readme().contains("| `millrace " + command), command);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.http;

import io.millrace.Counters;
import io.millrace.pipeline.GraphView;
import io.millrace.pipeline.GraphView.End;
import io.millrace.pipeline.GraphView.NodeView;
import io.millrace.pipeline.GraphView.OffloadView;
import io.millrace.pipeline.GraphView.PortView;
import io.millrace.pipeline.GraphView.QueueView;
import io.millrace.pipeline.GraphView.WireView;
import io.millrace.pipeline.GraphView.WorkerView;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** The page in a real browser: Debian's Chromium. */
class BrowserTest {
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final int MOST_SECONDS = 240;

    @TempDir
    private Path folder;

    @BeforeEach
    void needChromium() {
        if (!Files.isExecutable(CHROMIUM)) {
            System.out.println("skipped: no browser at " + CHROMIUM + " (apt-get install chromium)");
        }
        assumeTrue(Files.isExecutable(CHROMIUM));
    }

    /** The page as the browser has it after some seconds of its time. */
    private String rendered(final LivePage page, final int seconds) throws Exception {
        final Path dom = folder.resolve("dom.html");
        final Process browser = new ProcessBuilder(CHROMIUM.toString(), "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage",
            "--user-data-dir=" + Files.createTempDirectory(folder, "profile"),
            "--virtual-time-budget=" + seconds * 1000, "--dump-dom", page.address())
            .redirectOutput(dom.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            assertTrue(browser.waitFor(MOST_SECONDS, TimeUnit.SECONDS), "the browser does not end");
            assertEquals(0, browser.exitValue());
        } finally {
            browser.descendants().forEach(ProcessHandle::destroyForcibly);
            browser.destroyForcibly();
        }
        return Files.readString(dom);
    }

    private static void assertContains(final String dom, final String... texts) {
        for (final String text : texts) {
            assertTrue(dom.contains(text), () -> text + " is not in " + dom);
        }
    }

    @Test
    void shouldDrawARunningGraphWithItsRates() throws Exception {
        try (RunningGraph graph = new RunningGraph()) {
            final String dom = rendered(graph.page(), 6);
            assertContains(dom, ">sender<", ">receiver<", ">idler<", ">learning-switch<", ">LearningSwitch<",
                ">worker edge<", ">worker core<", "class=\"edge handoff\"", ">lab</span>", "version 1");
            // Of the sender's queue, of the node, and on wires.
            assertTrue(dom.matches("(?s).*>[1-9][0-9.]* k?pps · [1-9][0-9.]* [kMG]?bit/s<.*"), dom);
            assertTrue(dom.matches("(?s).*class=\"rate\"[^>]*>[1-9][0-9.]* k?pps<.*"), dom);
            assertFalse(dom.contains("NaN") || dom.contains("undefined"), dom);
        }
    }

    /** A view of ports around a switch on one worker; time and packets go on with each call. */
    private static final class Invented implements Supplier<GraphView> {
        private final AtomicInteger calls = new AtomicInteger();
        private final String prefix;
        private final int ports;

        private Invented(final String prefix, final int ports) {
            this.prefix = prefix;
            this.ports = ports;
        }

        @Override
        public GraphView get() {
            final int now = calls.incrementAndGet();
            final List<PortView> all = new ArrayList<>();
            final List<WireView> wires = new ArrayList<>();
            for (int i = 0; i < ports; i++) {
                final String name = prefix + i;
                all.add(new PortView(name, i, i == 0 ? "down" : "up",
                    new OffloadView("none", "none", "none", List.of()),
                    List.of(new QueueView(0, "w", 1000L * now, 64_000L * now, 0, 20_000L * now, 1000L * now)),
                    List.of(new QueueView(0, "w", 900L * now, 57_600L * now, 100L * now, 0, 0))));
                wires.add(new WireView(name + "-sw", end(name, true), end("sw", false), 1000L * now, 0));
                wires.add(new WireView("sw-" + name, end("sw", false), end(name, true), 1000L * now, 0));
            }
            return new GraphView("lab", now < 3 ? 1 : 2, 1_000_000_000L * now,
                List.of(new WorkerView("w", -1, now, now, now, 250_000_000L * now, 1_000_000_000L * now)), all,
                List.of(new NodeView("sw", "LearningSwitch", "w", 1000L * ports * now, 0, 0, 0, now >= 3)), wires);
        }

        private static End end(final String part, final boolean isPort) {
            return new End(part, isPort, "", -1, "w");
        }
    }

    private String renderedOf(final Supplier<GraphView> view, final int seconds) throws Exception {
        final Counters counters = Counters.inMemory();
        try (LivePage page = LivePage.open(0, view, counters, Duration.ZERO)) {
            return rendered(page, seconds);
        }
    }

    @Test
    void shouldShowExactRatesDropsStatesAndCosts() throws Exception {
        final String dom = renderedOf(new Invented("vm", 3), 1);
        assertContains(dom, ">1.00 kpps · 512 kbit/s<", ">900 pps · 461 kbit/s<", ">100 pps dropped<", ">20 ns<",
            ">down<", "25 % busy", "not pinned");
    }

    @Test
    void shouldFollowTheGraphWhenItChanges() throws Exception {
        assertContains(renderedOf(new Invented("vm", 12), 8), ">version 2<", ">quarantined: it threw too often<",
            ">vm11<");
    }

    @Test
    void shouldShowNamesAsTheyAreAndNeverRunThem() throws Exception {
        final String dom = renderedOf(new Invented("<img/src=x/onerror=document.title='owned'>", 2), 2);
        assertFalse(dom.contains("<img"), dom);
        assertContains(dom, "&lt;img/src=x/onerror", "<title>lab - Millrace</title>");
    }

    @Test
    void shouldSayThatTheProcessHasEnded() throws Exception {
        final Invented view = new Invented("vm", 2);
        final String dom = renderedOf(() -> {
            if (view.calls.get() == 3) {
                throw new IllegalStateException("data plane lab is closed");
            }
            return view.get();
        }, 8);
        assertContains(dom, "lab has ended or cannot be reached (it answers 503). What you see is the last of it.",
            ">vm1<", "class=\"ended\"");
    }
}

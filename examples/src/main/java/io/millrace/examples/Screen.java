/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.utils.InfoCmp.Capability;
import org.jline.utils.NonBlockingReader;

import java.io.IOException;
import java.util.List;

/**
 * A terminal that shows lines in place of those before, until {@code q} or Ctrl-C. Closing it leaves the terminal as it
 * was.
 *
 * <p>Thread safety: one thread; signals of the terminal come on others and only set flags.
 */
final class Screen implements AutoCloseable {
    private static final long LOOK_MS = 50;
    private static final int NOTHING = NonBlockingReader.READ_EXPIRED;

    private final Terminal terminal;
    private final Attributes attributes;
    private List<String> rows = List.of();
    private volatile boolean isInterrupted;
    private volatile boolean isResized;

    Screen(final Terminal terminal) {
        this.terminal = terminal;
        attributes = terminal.enterRawMode();
        terminal.handle(Terminal.Signal.INT, signal -> isInterrupted = true);
        terminal.handle(Terminal.Signal.WINCH, signal -> isResized = true);
        terminal.puts(Capability.enter_ca_mode);
        terminal.puts(Capability.cursor_invisible);
        terminal.puts(Capability.clear_screen);
        terminal.flush();
    }

    /** Shows these lines, as many and as much of them as there is room for. */
    void show(final List<String> newRows) {
        rows = newRows;
        draw();
    }

    private void draw() {
        final int width = terminal.getWidth() > 0 ? terminal.getWidth() : 80;
        final int height = terminal.getHeight() > 0 ? terminal.getHeight() : 24;
        terminal.puts(Capability.cursor_home);
        for (int i = 0; i < Math.min(rows.size(), height); i++) {
            final String row = rows.get(i);
            terminal.writer().print(i == 0 ? "" : "\r\n");
            terminal.writer().print(row.length() < width ? row : row.substring(0, width - 1));
            terminal.puts(Capability.clr_eol);
        }
        terminal.puts(Capability.clr_eos);
        terminal.flush();
    }

    /** Waits for so long, or until the user leaves; returns whether he has. Draws anew when the window changes. */
    boolean isLeft(final long ns) throws IOException {
        final long endNs = System.nanoTime() + ns;
        boolean isLeft;
        do {
            final int key = terminal.reader().read(LOOK_MS);
            isLeft = isInterrupted || key == 'q' || key == 'Q' || key < 0 && key != NOTHING;
            if (isResized) {
                isResized = false;
                draw();
            }
        } while (!isLeft && System.nanoTime() - endNs < 0);
        return isLeft;
    }

    @Override
    public void close() {
        terminal.puts(Capability.cursor_normal);
        terminal.puts(Capability.exit_ca_mode);
        terminal.flush();
        terminal.setAttributes(attributes);
    }
}

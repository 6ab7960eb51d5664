package eu.mikelangelo.cli.io;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Style;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.Display;
import org.jline.utils.InfoCmp.Capability;
import org.jline.utils.NonBlockingReader;

/**
 * {@code mike io top} on a terminal: looks once an interval, draws what changed, listens to keys meanwhile. One thread;
 * whatever ends it, the terminal is as it was.
 */
final class TopTerminal {
    private static final int USUAL_ROWS = 24;
    /** There are no rates before the second look: it comes soon. */
    private static final long FIRST_INTERVAL_NS = 300_000_000;
    private static final int CTRL_C = 3;
    private static final int LEAVE_MILLIS = 1_000;

    private final Source source;
    private final long intervalNs;
    private final Style style;
    private TopScreen.Sort sort;
    private boolean paused;
    private boolean help;
    private String trouble = "";
    private volatile boolean resized = true;
    private volatile boolean ended;

    /** Where counters come from. */
    interface Source {
        Fields look() throws IOException;
    }

    TopTerminal(Source source, int intervalSeconds, TopScreen.Sort sort, Style style) {
        this.source = source;
        this.intervalNs = intervalSeconds * 1_000_000_000L;
        this.sort = sort;
        this.style = style;
    }

    void run() throws IOException {
        // The first look before the screen is taken: what is wrong is then said as other commands say it.
        Fields before = source.look();
        try (Terminal terminal = TerminalBuilder.builder().system(true).build()) {
            show(terminal, before);
        }
    }

    /** Takes the screen until it is told to quit. */
    void show(Terminal terminal, Fields before) throws IOException {
        var attributes = terminal.enterRawMode();
        terminal.handle(Terminal.Signal.INT, signal -> ended = true);
        terminal.handle(Terminal.Signal.WINCH, signal -> resized = true);
        Thread restore = new Thread(() -> leaveSoon(terminal));
        Runtime.getRuntime().addShutdownHook(restore);
        terminal.puts(Capability.enter_ca_mode);
        terminal.puts(Capability.cursor_invisible);
        try {
            watch(terminal, before);
        } finally {
            leave(terminal);
            terminal.setAttributes(attributes);
            Runtime.getRuntime().removeShutdownHook(restore);
        }
    }

    /** At the process' end: a terminal that takes nothing any more must not keep it. */
    private static void leaveSoon(Terminal terminal) {
        try {
            Thread.ofPlatform().daemon().start(() -> leave(terminal)).join(LEAVE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void leave(Terminal terminal) {
        terminal.puts(Capability.cursor_normal);
        terminal.puts(Capability.exit_ca_mode);
        terminal.flush();
    }

    private void watch(Terminal terminal, Fields first) throws IOException {
        Display display = new Display(terminal, true);
        NonBlockingReader keys = terminal.reader();
        Fields before = first;
        TopScreen screen = new TopScreen(first, first);
        long nextNs = System.nanoTime() + Math.min(intervalNs, FIRST_INTERVAL_NS);
        while (!ended) {
            draw(terminal, display, screen);
            long waitMs = Math.max(1, (nextNs - System.nanoTime()) / 1_000_000);
            int key = keys.read(paused ? Math.max(waitMs, intervalNs / 1_000_000) : waitMs);
            if (key != NonBlockingReader.READ_EXPIRED) {
                act(key);
            }
            if (key == 'r' || !paused && System.nanoTime() - nextNs >= 0) {
                Fields now = look(before);
                screen = now == before ? screen : new TopScreen(before, now);
                before = now;
                nextNs = System.nanoTime() + intervalNs;
            }
        }
    }

    /** A plane or an agent that is away comes back: the screen goes on. */
    private Fields look(Fields before) throws IOException {
        try {
            Fields now = source.look();
            trouble = "";
            return now;
        } catch (Failure | IOException e) {
            trouble = "no answer: " + e.getMessage();
            return before;
        }
    }

    private void act(int key) {
        switch (key) {
            case 'q', 'Q', CTRL_C, NonBlockingReader.EOF -> ended = true;
            case 's' -> sort = sort.next();
            case 'p', ' ' -> paused = !paused;
            case '?', 'h' -> help = !help;
            default -> { }
        }
    }

    private void draw(Terminal terminal, Display display, TopScreen screen) {
        Size size = terminal.getSize();
        // A terminal that knows no size says 0.
        int rows = size.getRows() < 1 ? USUAL_ROWS : size.getRows();
        int columns = size.getColumns() < 1 ? TopScreen.USUAL_COLUMNS : size.getColumns();
        if (resized) {
            resized = false;
            display.clear();
            display.resize(Size.of(columns, rows));
        }
        String note = !trouble.isEmpty() ? trouble : "q quit  s sort: " + sort.word() + "  p "
                + (paused ? "go on (paused)" : "pause") + "  ? help";
        List<String> lines = new ArrayList<>();
        if (help) {
            lines.add(style.bold("mike io top"));
            lines.addAll(TopScreen.HELP);
        } else {
            lines.addAll(screen.lines(rows, columns, sort, note, style));
        }
        while (lines.size() < rows) {
            lines.add("");
        }
        // Whatever does not fit is cut: a line that wraps would move all others.
        display.updateAnsi(lines.subList(0, rows), -1);
    }
}

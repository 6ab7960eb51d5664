package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Sizes;
import java.io.PrintStream;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * Progress on standard error: one line that is drawn over on a terminal, a line a step elsewhere, and nothing at all in
 * the first second. Events may come a thousand a second and from several works at once (downloads): a terminal is
 * redrawn ten times a second at most, and elsewhere each step is said once. Events come from one thread, redraws from
 * another.
 */
public final class ProgressLine implements Consumer<Fields>, AutoCloseable {
    private static final long QUIET_NANOS = 1_000_000_000L;
    private static final int REDRAW_MILLIS = 100;
    /** How long one of several simultaneous works keeps its name on the line, lest the names flicker. */
    private static final long STICKY_NANOS = 700_000_000L;
    /** A step without a count shows its seconds from here on. */
    private static final long LONG_SECONDS = 3;
    private static final int BAR_WIDTH = 20;
    /** On narrower terminals long names leave no room for a bar, and one that comes and goes disturbs. */
    private static final int BAR_FROM = 90;
    /** Totals from here on are bytes; smaller ones are counts of files. */
    private static final int BYTES_FROM = 1 << 16;
    /** What the composer wants to be read: a line of its own everywhere, at once. */
    private static final String NOTE = "note: ";
    private final PrintStream err;
    private final boolean terminal;
    private final IntSupplier columns;
    private final long loudNs;
    private final Thread helper;
    private final Thread wiper = new Thread(this::close);
    private final Set<String> said = new HashSet<>();
    private String step = "";
    private long stepNs;
    private long done;
    private long total;
    private String drawn = "";
    private boolean closed;

    /** On a terminal only if that can draw a line over. */
    public ProgressLine(Context context) {
        this(context.err(), context.tty().err() && !context.dumb(), () -> WindowSize.of(2).columns(), QUIET_NANOS);
    }

    ProgressLine(PrintStream err, boolean terminal, IntSupplier columns, long quietNs) {
        this.err = err;
        this.terminal = terminal;
        this.columns = columns;
        loudNs = System.nanoTime() + quietNs;
        helper = Thread.ofVirtual().start(() -> {
            try {
                Thread.sleep(quietNs / 1_000_000);
                if (terminal) {
                    // Ctrl-C must not leave half a line behind.
                    Runtime.getRuntime().addShutdownHook(wiper);
                }
                while (speak()) {
                    Thread.sleep(REDRAW_MILLIS);
                }
            } catch (InterruptedException | IllegalStateException e) {
                // It was over within the second, or all of it is.
                Thread.currentThread().interrupt();
            }
        });
    }

    @Override
    public synchronized void accept(Fields event) {
        String next = event.string("step", "");
        if (next.startsWith(NOTE)) {
            note(next);
            return;
        }
        long now = System.nanoTime();
        long count = event.integer("done", 0);
        long of = event.integer("total", 0);
        boolean together = of > 0 && of == total;
        done = together ? Math.max(done, count) : count;
        total = of;
        if (!terminal) {
            step = next;
            // What was over within the first second is not said afterwards.
            if (now - loudNs >= 0) {
                say(next);
            }
        } else if (!next.equals(step) && !(together && now - stepNs < STICKY_NANOS)) {
            step = next;
            stepNs = now;
        }
    }

    private void say(String line) {
        if (!line.isEmpty() && said.add(line)) {
            err.println(line);
            err.flush();
        }
    }

    private void note(String text) {
        wipe();
        say("mike: " + text);
    }

    /** Off a terminal the step of this moment, on it the line. @return whether to call again */
    private synchronized boolean speak() {
        if (closed || !terminal) {
            say(step);
            return false;
        }
        String line = line(Math.max(1, columns.getAsInt() - 1), (System.nanoTime() - stepNs) / 1_000_000_000L);
        if (!line.equals(drawn)) {
            err.print("\r" + line + "\u001b[K");
            err.flush();
            drawn = line;
        }
        return true;
    }

    /** The step, and at the right how far it is; what does not fit goes: the bar, then the middle of the step. */
    private String line(int width, long seconds) {
        String right = "";
        if (total > 0) {
            long percent = Math.min(100, done * 100 / total);
            String count = total >= BYTES_FROM ? Sizes.human(done) + " of " + Sizes.human(total) : done + "/" + total;
            right = String.format("  %s %3d%%", count, percent);
            int filled = (int) (percent * BAR_WIDTH / 100);
            String bar = "  [" + "#".repeat(filled) + "-".repeat(BAR_WIDTH - filled) + "]";
            right = width >= BAR_FROM && step.length() + bar.length() + right.length() <= width ? bar + right : right;
        } else if (seconds >= LONG_SECONDS && !step.isEmpty()) {
            right = "  " + seconds + " s";
        }
        int room = width - right.length();
        if (room < Math.min(8, step.length())) {
            return shorten(step, width);
        }
        String left = shorten(step, room);
        return total > 0 ? left + " ".repeat(room - left.length()) + right : left + right;
    }

    private static String shorten(String text, int width) {
        if (text.length() <= width) {
            return text;
        }
        return width < 4 ? text.substring(0, width) : text.substring(0, width - 3) + "...";
    }

    private void wipe() {
        if (!drawn.isEmpty()) {
            err.print("\r\u001b[K");
            err.flush();
            drawn = "";
        }
    }

    /** Ends it; a drawn line is wiped away. May be called again. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        step = "";
        helper.interrupt();
        wipe();
        if (terminal && System.nanoTime() - loudNs >= 0) {
            try {
                Runtime.getRuntime().removeShutdownHook(wiper);
            } catch (IllegalStateException e) {
                // This is that hook, or one beside it.
                return;
            }
        }
    }
}

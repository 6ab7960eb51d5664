package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Sizes;
import java.io.PrintStream;
import java.util.function.Consumer;

/**
 * Progress on standard error: one line that is drawn over on a terminal, a line a step elsewhere, and nothing at all in
 * the first second. Events come from one thread; a helper thread speaks up when the second passes.
 */
public final class ProgressLine implements Consumer<Fields>, AutoCloseable {
    private static final long QUIET_NANOS = 1_000_000_000L;
    private static final int WIDTH = 79;
    private final PrintStream err;
    private final boolean terminal;
    private final long startNs;
    private final Thread helper;
    private String step = "";
    private String drawn = "";

    public ProgressLine(PrintStream err, boolean terminal) {
        this(err, terminal, QUIET_NANOS);
    }

    public ProgressLine(PrintStream err, boolean terminal, long quietNs) {
        this.err = err;
        this.terminal = terminal;
        startNs = System.nanoTime() + quietNs;
        helper = Thread.ofVirtual().start(() -> {
            try {
                Thread.sleep(quietNs / 1_000_000);
                speak();
            } catch (InterruptedException e) {
                // It was over within the second.
                Thread.currentThread().interrupt();
            }
        });
    }

    @Override
    public synchronized void accept(Fields event) {
        long done = event.integer("done", 0);
        long total = event.integer("total", 0);
        step = event.string("step", "");
        // Off a terminal a step is said once, however often its count moves.
        if (terminal && total > 0) {
            step += " " + (total >= 1 << 16 ? Sizes.human(done) + " of " + Sizes.human(total) : done + "/" + total);
        }
        if (System.nanoTime() - startNs >= 0) {
            speak();
        }
    }

    private synchronized void speak() {
        if (step.isEmpty() || step.equals(drawn)) {
            return;
        }
        if (terminal) {
            String line = step.length() > WIDTH ? step.substring(0, WIDTH) : step;
            err.print("\r" + line + "\u001b[K");
        } else {
            err.println(step);
        }
        err.flush();
        drawn = step;
    }

    /** Ends it; a drawn line is wiped away. */
    @Override
    public synchronized void close() {
        helper.interrupt();
        step = "";
        if (terminal && !drawn.isEmpty()) {
            err.print("\r\u001b[K");
            err.flush();
        }
    }
}

package eu.mikelangelo.cli.io;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "top", description = {"Watch what the I/O plane does, per core and port, on the whole screen.",
    "Keys: q quits, s sorts otherwise, p pauses, ? explains the columns.",
    "Where output is no terminal it is printed once, after one interval."},
        footer = {"  mike io top", "  mike io top --once --sort drops",
            "  mike io top --control /run/vm/plane.sock     a plane in the foreground"})
public final class IoTopCommand extends Verb {
    private static final int MAX_INTERVAL_SECONDS = 60;

    @Option(names = "--once", description = "Print it once and exit.")
    boolean once;

    @Option(names = "--sort", paramLabel = "BY", defaultValue = "rate",
            description = "rate, bytes, drops, calls, latency or name (default: rate).")
    String sort;

    @Option(names = "--interval", paramLabel = "SECONDS", defaultValue = "1",
            description = "Time between two looks (default: 1).")
    int interval;

    @Mixin
    IoSource source = new IoSource();

    public IoTopCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (interval < 1 || interval > MAX_INTERVAL_SECONDS) {
            throw new Failure(Failure.Kind.BAD_INPUT, "an interval of " + interval + " seconds", "1 to "
                    + MAX_INTERVAL_SECONDS + " are possible");
        }
        TopScreen.Sort by = sort(sort);
        if (once || !context.tty().out() || !context.tty().in() || context.dumb()) {
            printOnce(by);
        } else {
            new TopTerminal(() -> source.stats(context, ""), interval, by, context.style()).run();
        }
        return OK;
    }

    private void printOnce(TopScreen.Sort by) throws IOException, InterruptedException {
        Fields before = source.stats(context, "");
        Thread.sleep(1000L * interval);
        TopScreen screen = new TopScreen(before, source.stats(context, ""));
        int width = context.tty().out() ? context.width(1, Integer.MAX_VALUE) : Integer.MAX_VALUE;
        List<String> lines = screen.lines(Integer.MAX_VALUE, width, by, "", context.style());
        lines.forEach(this::print);
    }

    private static TopScreen.Sort sort(String word) {
        for (TopScreen.Sort each : TopScreen.Sort.values()) {
            if (each.word().equals(word)) {
                return each;
            }
        }
        throw new Failure(Failure.Kind.BAD_INPUT, "cannot sort by \"" + word + "\"",
                "try rate, bytes, drops, calls, latency or name");
    }
}

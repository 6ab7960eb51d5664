package eu.mikelangelo.cli.machine;

import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "console", description = {"Join the console of a machine: see its output, type into it.",
    "On a terminal, Ctrl-] leaves; the machine goes on.",
    "Other input is sent to its end; the first second of silence after that leaves."},
        footer = {"  mike console memcached", "  echo status | mike console --tail 0 shell"})
public final class ConsoleCommand extends Verb {
    @Option(names = "--tail", paramLabel = "N", defaultValue = "10",
            description = "Begin with the last N lines (default: 10).")
    int tail;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    String name;

    public ConsoleCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        Console console = new Console(context, name);
        if (context.tty().in() && context.tty().out()) {
            context.say("joined " + name + "; Ctrl-] leaves");
            try (Terminal terminal = Terminal.raw()) {
                console.followSize();
                console.input(true, () -> {
                    terminal.restore();
                    context.err().println();
                    Runtime.getRuntime().halt(OK);
                });
                console.output(tail);
            }
        } else {
            if (!context.tty().in()) {
                console.inputThenLeave();
            }
            console.output(tail);
        }
        return OK;
    }
}

package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.ProgressLine;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A machine as a command: its output on standard output, standard input into it, signals stop it, its exit code is
 * ours. The main thread copies output; others carry input and signals.
 */
final class ForegroundRun {
    private final Context context;
    private final Map<String, Object> request;
    private final boolean interactive;
    private final boolean tty;
    private final boolean remove;
    private final AtomicInteger signals = new AtomicInteger();
    private volatile String machine = "";
    private volatile boolean interrupted;

    ForegroundRun(Context context, Map<String, Object> request, boolean interactive, boolean tty, boolean remove) {
        this.context = context;
        this.request = request;
        this.interactive = interactive;
        this.tty = tty;
        this.remove = remove;
    }

    int call() throws IOException {
        for (String name : new String[] {"INT", "TERM", "HUP"}) {
            Signals.handle(name, this::signal);
        }
        try (ProgressLine progress = new ProgressLine(context)) {
            machine = context.agent().with(agent -> agent.stream("POST", "/v1/machines", request, progress))
                    .string("name", "");
        }
        Console console = new Console(context, machine);
        if (tty) {
            try (Terminal terminal = Terminal.raw()) {
                console.followSize();
                console.input(true, () -> leave(terminal));
                console.output(-1);
            }
        } else {
            if (interactive || !context.tty().in()) {
                console.input(false, () -> { });
            }
            console.output(-1);
        }
        return finish();
    }

    /** The exit code; the machine's removal when it is due. */
    private int finish() throws IOException {
        Fields end = context.agent().with(agent -> WaitCommand.await(agent, machine));
        try {
            // The guest could not start or keep the application: the code alone would not say why.
            if (end.has("exitCode") && !end.string("reason", "").isEmpty()) {
                context.complain("machine " + machine + ": " + end.string("reason", ""));
            }
            int code = WaitCommand.exitCode(machine, end);
            // A server that ends well on Ctrl-C must not make "mike run … && next" go on. SIGTERM is a supervisor's
            // way to ask: it gets the application's own answer.
            return interrupted ? 128 + Signals.INT : code;
        } finally {
            // A machine that failed stays to be looked at.
            if (remove && end.has("exitCode")) {
                removeNow();
            }
        }
    }

    private void removeNow() throws IOException {
        try {
            context.agent().with(agent -> agent.call("DELETE", path(), null));
        } catch (Failure failure) {
            if (failure.kind() != Failure.Kind.NOT_FOUND) {
                throw failure;
            }
        }
    }

    private String path() {
        return "/v1/machines/" + ApiClient.encode(machine);
    }

    /** First a graceful stop, then a kill; before there is a machine, the agent sees us hang up and clears away. */
    private void signal(int number) {
        if (machine.isEmpty()) {
            Runtime.getRuntime().halt(128 + number);
        }
        interrupted |= number == Signals.INT;
        int count = signals.incrementAndGet();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                if (count == 1) {
                    context.say("stopping " + machine + " (once more to kill it)");
                    context.agent().with(agent -> agent.call("POST", path() + "/stop", Map.of()));
                } else {
                    context.agent().with(agent -> agent.call("POST", path() + "/kill", Map.of()));
                }
            } catch (IOException | Failure e) {
                context.complain(e.getMessage());
            }
        });
    }

    private void leave(Terminal terminal) {
        terminal.restore();
        context.err().println();
        context.say("left " + machine + " running; mike console " + machine + " returns to it");
        Runtime.getRuntime().halt(Verb.OK);
    }
}

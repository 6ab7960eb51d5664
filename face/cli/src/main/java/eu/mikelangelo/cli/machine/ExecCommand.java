package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Frames;
import eu.mikelangelo.agent.api.HttpExchange;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

@Command(name = "exec", description = {"Run a command in a machine, beside its application.",
    "Its output and exit code are mike's. The machine has the programs of its image only: often not even a shell."},
        customSynopsis = "mike exec [OPTIONS] NAME COMMAND [WORD...]",
        footer = {"  mike exec web nginx -t", "  mike exec -u 0 db psql -c 'select 1'",
            "  tar c data | mike exec -i box tar x -C /srv"})
public final class ExecCommand extends Verb {
    @Option(names = {"-u", "--user"}, paramLabel = "UID[:GID]", defaultValue = "",
            description = "In numbers (default: the application's).")
    String user;

    @Option(names = {"-w", "--workdir"}, paramLabel = "FOLDER", defaultValue = "",
            description = "Where it starts (default: where the application did).")
    String workdir;

    @Option(names = {"-i", "--interactive"}, description = "Connect standard input.")
    boolean interactive;

    /** What fingers type after docker's; it gets a reason. */
    @Option(names = {"-t", "--tty"}, hidden = true)
    boolean tty;

    @Parameters(index = "0", paramLabel = "NAME", description = "The machine.")
    String name;

    @Parameters(index = "1..*", paramLabel = "COMMAND", description = "The command and its words.")
    List<String> words = new ArrayList<>();

    private volatile String id = "";

    public ExecCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        List<String> args = !words.isEmpty() && words.getFirst().equals("--") ? words.subList(1, words.size()) : words;
        if (args.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "what shall run in " + name + "?");
        }
        if (tty) {
            throw new ParameterException(spec.commandLine(),
                    "exec has no terminal (-t): -i connects input, mike console NAME is the machine's own terminal");
        }
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("args", args);
        request.put("user", user);
        request.put("workdir", workdir);
        try (HttpExchange exchange = context.agent().with(agent -> agent.open("POST", path(), request))) {
            return serve(exchange.body());
        }
    }

    private String path() {
        return "/v1/machines/" + ApiClient.encode(name) + "/exec";
    }

    private int serve(InputStream body) throws IOException {
        for (Frames.Frame frame = Frames.read(body); frame != null; frame = Frames.read(body)) {
            switch (frame.type()) {
                case Frames.ID -> begin(frame.text());
                case Frames.STDOUT -> copy(frame, context.out());
                case Frames.STDERR -> copy(frame, context.err());
                case Frames.EXIT -> {
                    return Integer.parseInt(frame.text());
                }
                default -> {
                    Fields error = Json.object(frame.text());
                    throw new Failure(Failure.Kind.GUEST, error.string("message", ""), error.string("hint", ""));
                }
            }
        }
        throw new Failure(Failure.Kind.GUEST, "machine " + name + " ended, and the command with it", "");
    }

    private static void copy(Frames.Frame frame, PrintStream to) {
        to.write(frame.bytes(), 0, frame.bytes().length);
        to.flush();
    }

    private void begin(String id) {
        this.id = id;
        for (String signal : new String[] {"INT", "TERM", "HUP"}) {
            Signals.handle(signal, this::forward);
        }
        Thread.ofPlatform().daemon().name("input").start(() -> {
            try {
                input();
            } catch (IOException | Failure e) {
                // The command ended without reading all of its input; its exit code says what that means.
                return;
            }
        });
    }

    /** Standard input when asked for, else only its end. */
    private void input() throws IOException {
        String to = path() + "/" + id + "/input";
        try (ApiClient.Upload upload = context.agent().with(agent -> agent.upload("POST", to))) {
            byte[] block = new byte[32 << 10];
            for (int n = read(block); n >= 0; n = read(block)) {
                upload.write(block, n);
            }
            upload.finish();
        }
    }

    private int read(byte[] block) throws IOException {
        return interactive ? context.in().read(block) : -1;
    }

    private void forward(int number) {
        Thread.ofPlatform().daemon().start(() -> {
            try {
                context.agent().with(agent -> agent.call("POST", path() + "/" + id + "/signal",
                        Map.of("signal", number)));
            } catch (IOException | Failure e) {
                context.complain(e.getMessage());
            }
        });
    }
}

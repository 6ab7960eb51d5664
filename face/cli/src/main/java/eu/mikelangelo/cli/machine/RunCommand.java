package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Names;
import eu.mikelangelo.agent.api.Sizes;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.ProgressLine;
import eu.mikelangelo.cli.Show;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

@Command(name = "run", description = {"Make a machine of a package, folder or image, and start it.",
    "In the foreground (no -d) its output is mike's, and so is its exit code; a machine without --name is removed when "
        + "it ends. Ctrl-C stops it gracefully, a second one at once."},
        customSynopsis = "mike run [OPTIONS] SOURCE [OPTIONS] [-- WORD...]",
        footer = {"  mike run -d memcached -p 11211", "  mike run ./examples/hello",
            "  mike run -d --name web nginx -p 8080:80 -m 256M -c 2 --env A=b", "  mike run hello.img",
            "  mike run -d --net vlan=10,rate=100M memcached",
            "  mike run -d redis -p 6379 -- --maxmemory 64mb   words for the application",
            "  echo 2+2 | mike run -i ./calculator", "  mike run -it ./shell"})
public final class RunCommand extends Verb.WithJson {
    @Option(names = {"-d", "--detach"}, description = "Return when the application listens on every "
        + "published port, or fail after --wait. The machine goes on.")
    boolean detach;

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the machine (default: the source's).")
    String name;

    @Option(names = {"-p", "--publish"}, paramLabel = "PORT", description = "[ADDRESS:]HOST[:GUEST][/udp]: a port of "
        + "the host that leads into the machine; on 127.0.0.1 unless ADDRESS is given. Repeat it.")
    List<String> ports = new ArrayList<>();

    @Option(names = {"-m", "--memory"}, paramLabel = "SIZE",
            description = "Memory: 256M, 1G (default: what the image needs, at least 256M).")
    String memory;

    @Option(names = {"-c", "--cpus"}, paramLabel = "N", description = "Virtual processors (default: 1).")
    Integer cpus;

    @Option(names = {"-e", "--env"}, paramLabel = "NAME[=VALUE]",
            description = "Environment; NAME alone takes mike's own value. Repeat it.")
    List<String> env = new ArrayList<>();

    @Option(names = "--env-file", paramLabel = "FILE", description = "Lines NAME=VALUE or NAME; # begins a comment.")
    List<Path> envFiles = new ArrayList<>();

    @Option(names = "--net", paramLabel = "RULES", description = "Rules of its network card: vlan=N, group=NAME, "
        + "isolated, promiscuous, rate=BITS, rx-rate=BITS, pps=FRAMES, rx-pps=FRAMES, storm-pps=FRAMES; "
        + "queues=N, its queue pairs; with commas between.")
    String net;

    @Option(names = "--wait", paramLabel = "SECONDS", defaultValue = "60",
            description = "How long -d may take until the machine is ready (default: 60).")
    int seconds;

    @Option(names = "--rm", description = "Remove the machine when it ends.")
    boolean remove;

    @Option(names = "--keep", description = "In the foreground: keep a machine without --name when it ends.")
    boolean keep;

    @Option(names = "--refresh", description = "Look for newer versions of the package and the kernel.")
    boolean refresh;

    @Option(names = {"-i", "--interactive"}, description = "Connect standard input even when it is a terminal.")
    boolean interactive;

    @Option(names = {"-t", "--tty"}, description = "Make the terminal the machine's console (with -i). Ctrl-] leaves.")
    boolean tty;

    @Parameters(index = "0", paramLabel = "SOURCE",
            description = "A package's name, a folder with meta/package.yaml, an image file, or an image's name.")
    String source;

    @Parameters(index = "1..*", paramLabel = "WORD", hidden = true)
    List<String> words = new ArrayList<>();

    public RunCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        check();
        Map<String, Object> request = request();
        if (!detach) {
            return new ForegroundRun(context, request, interactive, tty, removes()).call();
        }
        Fields machine;
        long start = System.nanoTime();
        try (ProgressLine progress = new ProgressLine(context)) {
            machine = context.agent().with(agent -> agent.stream("POST", "/v1/machines", request, progress));
        }
        if (json) {
            printJson(machine);
        } else {
            print(machine.string("name", ""));
            Show.ready(context, machine, System.nanoTime() - start);
        }
        return OK;
    }

    private void check() {
        if (!words.isEmpty() && !spec.commandLine().getParseResult().originalArgs().contains("--")) {
            throw new ParameterException(spec.commandLine(), "\"" + words.getFirst()
                    + "\" is one word too many; arguments for the application stand behind --");
        }
        if (detach && (interactive || tty)) {
            throw new ParameterException(spec.commandLine(), "-d and -i or -t exclude each other");
        }
        if (tty && !(context.tty().in() && context.tty().out())) {
            throw new ParameterException(spec.commandLine(), "-t needs a terminal for input and output");
        }
        if (remove && keep) {
            throw new ParameterException(spec.commandLine(), "--rm and --keep exclude each other");
        }
    }

    private boolean removes() {
        return remove || !detach && name == null && !keep;
    }

    /** The body of POST /v1/machines. */
    private Map<String, Object> request() throws IOException {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("source", context.source(source));
        put(request, "name", name);
        request.put("ports", ports);
        if (memory != null) {
            request.put("memoryMiB", Sizes.memory(memory) >> 20);
        }
        put(request, "cpus", cpus);
        request.put("env", environment());
        request.put("args", words);
        request.put("detach", detach);
        request.put("waitSeconds", seconds);
        request.put("refresh", refresh);
        request.put("remove", removes());
        put(request, "net", net);
        return request;
    }

    private static void put(Map<String, Object> request, String member, Object value) {
        if (value != null) {
            request.put(member, value);
        }
    }

    private Map<String, String> environment() throws IOException {
        Map<String, String> variables = new LinkedHashMap<>();
        for (Path file : envFiles) {
            for (String line : lines(file)) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    variable(variables, line);
                }
            }
        }
        for (String text : env) {
            variable(variables, text);
        }
        return variables;
    }

    private List<String> lines(Path file) throws IOException {
        try {
            return Files.readAllLines(context.folder().resolve(file));
        } catch (NoSuchFileException e) {
            throw new Failure(Failure.Kind.NOT_FOUND, "there is no file " + file, "", e);
        } catch (MalformedInputException e) {
            throw new Failure(Failure.Kind.BAD_INPUT, file + " is not UTF-8 text", "", e);
        }
    }

    private void variable(Map<String, String> variables, String text) {
        int equals = text.indexOf('=');
        String variable = Names.variable(equals < 0 ? text : text.substring(0, equals));
        String value = equals < 0 ? context.env().get(variable) : text.substring(equals + 1);
        // As in docker: a name that the caller does not have either is left out.
        if (value != null) {
            variables.put(variable, value);
        }
    }
}

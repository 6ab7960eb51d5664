package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine;

/** {@code mike}. Registers with picocli only the command that was typed: a short command must be a short process. */
public final class Main {
    private static final int USAGE_WIDTH = 100;
    private static final int INTERNAL = 70;

    private Main() { }

    public static void main(String[] args) {
        int code = run(Context.ofProcess(), args);
        System.out.flush();
        System.err.flush();
        // The process may have threads that wait for input; nothing is left to do in them.
        Runtime.getRuntime().halt(code);
    }

    /** Runs one command line and returns its exit code. */
    static int run(Context context, String... args) {
        CommandLine line = commandLine(context, args.length > 0 ? args[0] : "");
        return line.execute(args);
    }

    /** @param only the command to register; all when it is none of them */
    static CommandLine commandLine(Context context, String only) {
        CommandLine line = new CommandLine(new MikeCommand(context));
        if (!Commands.add(line, context, only)) {
            Commands.addAll(line, context);
        }
        headings(line);
        line.setUsageHelpWidth(USAGE_WIDTH);
        line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
        line.setOut(new PrintWriter(context.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(context.err(), true, StandardCharsets.UTF_8));
        line.setParameterExceptionHandler((e, args) -> usage(context, e));
        line.setExecutionExceptionHandler((e, command, parsed) -> failed(context, e,
                Arrays.asList(parsed.originalArgs().toArray()).contains("--json")));
        return line;
    }

    /** The same parts in the same order for every command. */
    private static void headings(CommandLine line) {
        line.getCommandSpec().usageMessage().descriptionHeading("%n").parameterListHeading("%nParameters:%n")
                .optionListHeading("%nOptions:%n").commandListHeading("%nCommands:%n").footerHeading("%nExamples:%n");
        line.getSubcommands().values().forEach(Main::headings);
    }

    private static int usage(Context context, CommandLine.ParameterException e) {
        context.err().println("mike: " + e.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, context.err());
        context.err().println("see " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
        return Verb.USAGE;
    }

    private static int failed(Context context, Exception e, boolean json) {
        return switch (e) {
            case Failure failure -> {
                tell(context, failure, json);
                yield failure.kind().exitCode();
            }
            case IOException io -> {
                tell(context, new Failure(Failure.Kind.UNAVAILABLE, String.valueOf(io.getMessage()),
                        "if the agent ended meanwhile, its log is " + context.launch().agentLog()), json);
                yield Failure.Kind.UNAVAILABLE.exitCode();
            }
            default -> {
                context.err().println("mike: an error of its own, please report it");
                e.printStackTrace(context.err());
                yield INTERNAL;
            }
        };
    }

    private static void tell(Context context, Failure failure, boolean json) {
        if (json) {
            Map<String, Object> error = new LinkedHashMap<>();
            error.put("kind", failure.kind().name());
            error.put("message", failure.getMessage());
            error.put("hint", failure.hint());
            context.err().println(Json.pretty(Map.of("error", error)));
            return;
        }
        context.err().println("mike: " + failure.getMessage());
        if (!failure.hint().isEmpty()) {
            context.err().println("  " + failure.hint().replace("\n", "\n  "));
        }
    }
}

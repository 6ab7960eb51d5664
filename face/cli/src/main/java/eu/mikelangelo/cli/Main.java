package eu.mikelangelo.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.UsageMessageSpec;

/** {@code mike}. Registers with picocli only the command that was typed: a short command must be a short process. */
public final class Main {
    private static final int USAGE_MAX = 100;
    /** picocli accepts no narrower one. */
    private static final int USAGE_MIN = 55;

    private Main() { }

    public static void main(String[] args) {
        int code = run(Context.ofProcess(), args);
        System.out.flush();
        System.err.flush();
        // The process may have threads that wait for input; nothing is left to do in them.
        Runtime.getRuntime().halt(code);
    }

    /** Runs one command line and returns its exit code. */
    static int run(Context context, String... typed) {
        List<String> args = meant(List.of(typed));
        String first = args.isEmpty() ? "" : args.getFirst();
        if (!first.isEmpty() && !first.startsWith("-") && !Commands.names().contains(first)) {
            return new Errors(context, Errors.json(args)).unknownCommand(first, Commands.names());
        }
        return commandLine(context, first).execute(args.toArray(String[]::new));
    }

    /** Other ways to say it that people bring along: "help run", "--version". */
    private static List<String> meant(List<String> typed) {
        String first = typed.isEmpty() ? "" : typed.getFirst();
        if (first.equals("help")) {
            List<String> args = new ArrayList<>(typed.subList(1, typed.size()));
            args.add("--help");
            return args;
        }
        return typed.size() == 1 && (first.equals("--version") || first.equals("-V") || first.equals("-v"))
                ? List.of("version") : typed;
    }

    /** @param only the command to register; all when it is none of them */
    static CommandLine commandLine(Context context, String only) {
        CommandLine line = new CommandLine(new MikeCommand(context));
        if (!Commands.add(line, context, only)) {
            Commands.addAll(line, context);
        }
        headings(line);
        if (!Commands.names().contains(only)) {
            // Mike's own page begins with what there is to type.
            List<String> sections = new ArrayList<>(line.getHelpSectionKeys());
            List<String> commands = List.of(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING,
                    UsageMessageSpec.SECTION_KEY_COMMAND_LIST);
            sections.removeAll(commands);
            sections.addAll(sections.indexOf(UsageMessageSpec.SECTION_KEY_OPTION_LIST_HEADING), commands);
            line.setHelpSectionKeys(sections);
            line.getCommandSpec().usageMessage().commandListHeading("%n");
        }
        line.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, Commands::list);
        line.setUsageHelpWidth(context.width(USAGE_MIN, USAGE_MAX));
        line.setColorScheme(new Help.ColorScheme.Builder(context.style().on() ? Ansi.ON : Ansi.OFF)
                .commands(Ansi.Style.bold).options(Ansi.Style.bold).parameters(Ansi.Style.bold).build());
        line.setOut(new PrintWriter(context.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(context.err(), true, StandardCharsets.UTF_8));
        line.setParameterExceptionHandler((e, args) -> new Errors(context, Errors.json(List.of(args))
                && e.getCommandLine().getCommandSpec().findOption("--json") != null).usage(e));
        // A --json among the words of `mike exec` is the other program's.
        line.setExecutionExceptionHandler((e, command, parsed) ->
                new Errors(context, command.getParseResult().hasMatchedOption("--json")).failed(e));
        return line;
    }

    /** The same parts in the same order for every command. */
    private static void headings(CommandLine line) {
        line.getCommandSpec().usageMessage().synopsisHeading("@|bold Usage:|@ ").descriptionHeading("%n")
                .parameterListHeading("%n@|bold Parameters:|@%n").optionListHeading("%n@|bold Options:|@%n")
                .commandListHeading("%n@|bold Commands:|@%n").footerHeading("%n@|bold Examples:|@%n");
        line.getSubcommands().values().forEach(Main::headings);
    }
}

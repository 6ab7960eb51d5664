package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Every error that reaches a person, in one form: "mike: what failed", and indented below it what to try. */
final class Errors {
    private static final int INTERNAL = 70;
    private static final int MAX_SUGGESTIONS = 3;
    private final Context context;
    private final boolean json;

    /** @param json whether errors are told in JSON */
    Errors(Context context, boolean json) {
        this.context = context;
        this.json = json;
    }

    /** Whether a command line that could not be parsed asks for JSON; no --json behind "--" does. */
    static boolean json(List<String> args) {
        int end = args.indexOf("--");
        return (end < 0 ? args : args.subList(0, end)).contains("--json");
    }

    /** @return the exit code */
    int failed(Exception e) {
        return switch (e) {
            case Failure failure -> tell(failure);
            case NoSuchFileException file -> tell(new Failure(Failure.Kind.NOT_FOUND,
                    "there is no file or folder " + file.getFile(), "", e));
            case AccessDeniedException file -> tell(new Failure(Failure.Kind.UNAVAILABLE,
                    "no permission for " + file.getFile(), "who owns it? try ls -ld " + file.getFile(), e));
            case FileSystemException file -> tell(new Failure(Failure.Kind.UNAVAILABLE,
                    file.getFile() + ": " + (file.getReason() == null ? "cannot be used" : file.getReason()), "", e));
            case IOException io -> tell(new Failure(Failure.Kind.UNAVAILABLE, String.valueOf(io.getMessage()),
                    "if the agent ended meanwhile, its log is " + context.launch().agentLog()));
            default -> bug(e);
        };
    }

    int usage(ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        String message = switch (e) {
            case UnmatchedArgumentException unmatched -> unmatched(unmatched);
            case MissingParameterException missing -> missing(missing);
            default -> plain(e.getMessage());
        };
        return usage(message, "see " + command + " --help");
    }

    /** A first word that is no command. */
    int unknownCommand(String word, Iterable<String> known) {
        String near = Suggestions.near(word, known, MAX_SUGGESTIONS);
        return usage("there is no command \"" + word + "\"" + (near.isEmpty() ? "" : "; did you mean " + near + "?"),
                "see mike --help");
    }

    private int usage(String message, String hint) {
        print("USAGE", message, hint);
        return Verb.USAGE;
    }

    private static String unmatched(UnmatchedArgumentException e) {
        String word = e.getUnmatched().getFirst();
        var spec = e.getCommandLine().getCommandSpec();
        boolean option = word.startsWith("-") && word.length() > 1;
        if (!option && spec.subcommands().isEmpty()) {
            return "\"" + word + "\" is one word too many for " + spec.qualifiedName();
        }
        String given = option && word.startsWith("--") && word.contains("=")
                ? word.substring(0, word.indexOf('=')) : word;
        Iterable<String> known = option ? spec.optionsMap().keySet() : spec.subcommands().keySet();
        String near = Suggestions.near(given, known, MAX_SUGGESTIONS);
        return (option ? "there is no option " + given + " in " + spec.qualifiedName()
                : "there is no command \"" + spec.qualifiedName() + " " + given + "\"")
                + (near.isEmpty() ? "" : "; did you mean " + near + "?");
    }

    private static String missing(MissingParameterException e) {
        var missing = e.getMissing().getFirst();
        return missing instanceof OptionSpec option ? option.longestName() + " needs a value: " + option.paramLabel()
                : missing.paramLabel() + " is missing: " + e.getCommandLine().getCommandSpec().qualifiedName() + " "
                + missing.paramLabel();
    }

    /** picocli's sentences, in our voice. */
    private static String plain(String message) {
        String first = message.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + message.substring(1);
        return first.replaceFirst("^invalid value for option '([^']*)': '(.*)' is not an? (int|long)$",
                        "\"$2\" is not a number, which $1 takes")
                .replaceFirst("^invalid value for option '([^']*)': '(.*)' is not a boolean$",
                        "$1 takes no value: \"$2\"")
                .replaceFirst("^invalid value for .*: expected one of \\[(.*)] .* but was '(.*)'$",
                        "\"$2\" is none of those known: $1");
    }

    int tell(Failure failure) {
        print(failure.kind().name(), failure.getMessage(), failure.hint());
        return failure.kind().exitCode();
    }

    private void print(String kind, String message, String hint) {
        if (json) {
            Map<String, Object> error = new LinkedHashMap<>();
            error.put("kind", kind);
            error.put("message", message);
            error.put("hint", hint);
            context.err().println(Json.pretty(Map.of("error", error)));
            return;
        }
        context.complain(message);
        if (!hint.isEmpty()) {
            context.err().println("  " + hint.replace("\n", "\n  "));
        }
    }

    /** A bug of ours. People get a sentence; the trace goes where the agent's log is, or here when it cannot. */
    private int bug(Exception e) {
        StringWriter trace = new StringWriter();
        e.printStackTrace(new PrintWriter(trace, true));
        Path file = context.launch().agentLog().resolveSibling("mike-error.log");
        try {
            Files.writeString(file, trace.toString());
            print("INTERNAL", "an error of its own: " + e, "please report it, with " + file);
        } catch (IOException | RuntimeException cannot) {
            print("INTERNAL", "an error of its own: " + e, "please report it, with this:\n" + trace);
        }
        return INTERNAL;
    }
}

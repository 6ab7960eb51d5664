package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.GuestText;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.manifest.CommandWords;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an image says to guest/init ({@code /mike/image}), and its commands for one machine. Commands are expanded here,
 * so init replaces nothing.
 */
public final class GuestConfig {
    private static final int ARGS_MAX = 4096;
    private static final int PRE_WORDS_MAX = 255;

    private GuestConfig() { }

    /** What holds for every machine of an image. {@code modules} and {@code late} are guest paths in load order. */
    static String image(List<String> modules, List<String> late, Start start) {
        GuestText text = new GuestText();
        modules.forEach(module -> text.line("module", module));
        late.forEach(module -> text.line("late", module));
        for (Start.RunFolder folder : start.folders()) {
            text.line("folder", folder.path(), Integer.toOctalString(folder.mode() & 07777),
                    Integer.toUnsignedString(folder.uid()), Integer.toUnsignedString(folder.gid()));
        }
        start.env().forEach(text::env);
        // A command that waits for the machine's environment may be empty here; the run segment has it then.
        prepare(start, Map.of()).forEach(words -> text.line("pre", words.toArray(String[]::new)));
        wrapped(start, CommandWords.expand(start.args(), start.env())).forEach(word -> text.line("arg", word));
        user(text, start.user());
        text.line("workdir", start.workdir());
        text.line("forking", start.forking() ? "1" : "0");
        return text.toString();
    }

    /**
     * The start command of one machine, complete: what a machine's own {@code arg} lines must say when its environment
     * is not the image's, or when the user gave arguments.
     *
     * @param env  over the image's environment
     * @param args instead of the image's arguments, behind the program, taken literally; empty keeps them
     * @throws Failure BAD_INPUT when nothing is left of the command, or it is too long
     */
    public static List<String> command(Start start, Map<String, String> env, List<String> args) {
        List<String> words = CommandWords.expand(start.args(), merged(start, env));
        if (words.isEmpty() || words.getFirst().isEmpty()) {
            throw bad("the start command " + start.args() + " is empty after its variables are replaced",
                    "Set them with --env NAME=VALUE.");
        }
        if (args.isEmpty()) {
            return wrapped(start, words);
        }
        List<String> command = new ArrayList<>(words.subList(0, 1));
        command.addAll(args);
        return wrapped(start, command);
    }

    /**
     * The commands before the start of one machine, likewise; one that is empty after its variables are replaced is
     * left out.
     */
    public static List<List<String>> prepare(Start start, Map<String, String> env) {
        List<List<String>> commands = new ArrayList<>();
        for (List<String> one : start.pre()) {
            List<String> words = CommandWords.expand(one, merged(start, env));
            if (words.size() > PRE_WORDS_MAX) {
                throw bad("a command before the start has more than " + PRE_WORDS_MAX + " words", "");
            }
            if (!words.isEmpty()) {
                commands.add(words);
            }
        }
        return commands;
    }

    private static Map<String, String> merged(Start start, Map<String, String> env) {
        Map<String, String> all = new LinkedHashMap<>(start.env());
        all.putAll(env);
        return all;
    }

    private static List<String> wrapped(Start start, List<String> words) {
        List<String> command = new ArrayList<>(words.isEmpty() ? List.of() : start.wrap());
        command.addAll(words);
        if (command.size() > ARGS_MAX) {
            throw bad("a start command of more than " + ARGS_MAX + " words", "");
        }
        return command;
    }

    private static void user(GuestText text, String user) {
        if (!user.matches("[0-9]{1,10}:[0-9]{1,10}(,[0-9]{1,10}){0,31}")) {
            throw bad("the user \"" + user + "\" is not uid:gid[,gid...] in numbers, at most 32", "");
        }
        int colon = user.indexOf(':');
        text.line("user", user.substring(0, colon), user.substring(colon + 1));
    }

    private static Failure bad(String message, String hint) {
        return new Failure(Failure.Kind.BAD_INPUT, message, hint);
    }
}

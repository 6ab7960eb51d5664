package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.manifest.CommandWords;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The text of {@code /mike/image} and {@code /mike/run}, which guest/init reads: guest/PROTOCOL.md, "Files in the
 * initramfs". Commands are expanded here, so init replaces nothing.
 */
public final class GuestConfig {
    /** A third of the kernel's MAX_ARG_STRLEN (128 KiB): what fits as one word whatever its characters are. */
    static final int VALUE_CHARS_MAX = 40_000;
    /** A quarter of init's 1 MiB a file: it fits whatever the characters are. */
    static final int TEXT_CHARS_MAX = 256 * 1024;
    private static final int ARGS_MAX = 4096;
    private static final int PRE_WORDS_MAX = 255;
    private final StringBuilder text = new StringBuilder();

    private GuestConfig() { }

    /** What holds for every machine of an image. {@code modules} and {@code late} are guest paths in load order. */
    static String image(List<String> modules, List<String> late, Start start) {
        GuestConfig config = new GuestConfig();
        modules.forEach(module -> config.line("module", module));
        late.forEach(module -> config.line("late", module));
        for (Start.RunFolder folder : start.folders()) {
            config.line("folder", folder.path(), Integer.toOctalString(folder.mode() & 07777),
                    Integer.toUnsignedString(folder.uid()), Integer.toUnsignedString(folder.gid()));
        }
        start.env().forEach((name, value) -> config.env(name, value));
        // A command that waits for the machine's environment may be empty here; the run segment has it then.
        config.commands(start.pre(), CommandWords.expand(start.args(), start.env()), start.env());
        config.user(start.user());
        config.line("workdir", start.workdir());
        config.line("forking", start.forking() ? "1" : "0");
        return config.bounded();
    }

    /**
     * The start command of one machine, complete: what a machine's own {@code arg} lines must say when its environment
     * is not the image's, or when the user gave arguments.
     *
     * @param env  over the image's environment
     * @param args instead of the image's arguments, behind the program's own word, taken literally; empty keeps them
     */
    public static List<String> command(Start start, Map<String, String> env, List<String> args) {
        Map<String, String> all = new LinkedHashMap<>(start.env());
        all.putAll(env);
        List<String> words = CommandWords.expand(start.args(), all);
        if (words.isEmpty() || words.getFirst().isEmpty()) {
            throw bad("the start command " + start.args() + " is empty after its variables are replaced",
                    "Set them with --env NAME=VALUE.");
        }
        if (args.isEmpty()) {
            return words;
        }
        List<String> command = new ArrayList<>(words.subList(0, 1));
        command.addAll(args);
        return command;
    }

    /** What one machine adds; a later word on a key wins in the guest. */
    static String run(Start start, RunSpec spec) {
        GuestConfig config = new GuestConfig();
        if (!spec.hostname().isEmpty()) {
            config.line("hostname", spec.hostname());
        }
        config.net(spec.net());
        spec.hosts().forEach(host -> config.line("host", host.address(), host.name()));
        spec.env().forEach((name, value) -> config.env(name, value));
        Map<String, String> env = new LinkedHashMap<>(start.env());
        env.putAll(spec.env());
        config.commands(start.pre(), command(start, spec.env(), spec.args()), env);
        if (!spec.user().isEmpty()) {
            config.user(spec.user());
        }
        if (!spec.workdir().isEmpty()) {
            config.line("workdir", spec.workdir());
        }
        for (RunSpec.Listen listen : spec.listen()) {
            if (!listen.protocol().matches("tcp|udp") || listen.port() < 1 || listen.port() > 65535) {
                throw bad("cannot wait for port " + listen.protocol() + " " + listen.port(),
                        "A port is tcp or udp and 1 to 65535.");
            }
            config.line("listen", listen.protocol(), Integer.toString(listen.port()));
        }
        if (spec.stopSeconds() > 0) {
            config.line("stop", Integer.toString(spec.stopSeconds()));
        }
        return config.bounded();
    }

    /** init refuses a longer file. */
    private String bounded() {
        if (text.length() > TEXT_CHARS_MAX) {
            throw bad("start command and environment have more than " + TEXT_CHARS_MAX + " characters",
                    "Put long text into a file of the application.");
        }
        return text.toString();
    }

    /** One value as it stands in a line. */
    static String escape(String value) {
        if (value.isEmpty()) {
            return "\\e";
        }
        StringBuilder out = new StringBuilder(value.length() + 8);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case ' ' -> out.append("\\s");
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> out.append(c);
            }
        }
        return out.toString();
    }

    private void line(String key, String... values) {
        text.append(key);
        for (String value : values) {
            if (value.indexOf('\0') >= 0 || value.length() > VALUE_CHARS_MAX) {
                throw bad("a value of `" + key + "` holds a NUL or has more than " + VALUE_CHARS_MAX
                        + " characters", "Put long text into a file of the application.");
            }
            text.append(' ').append(escape(value));
        }
        text.append('\n');
    }

    private void env(String name, String value) {
        if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
            throw bad("\"" + name + "\" cannot be the name of an environment variable",
                    "Write NAME=VALUE; a name is not empty and holds no \"=\".");
        }
        line("env", name, value);
    }

    private void commands(List<List<String>> pre, List<String> command, Map<String, String> env) {
        for (List<String> one : pre) {
            List<String> words = CommandWords.expand(one, env);
            if (words.size() > PRE_WORDS_MAX) {
                throw bad("a command before the start has more than " + PRE_WORDS_MAX + " words", "");
            }
            if (!words.isEmpty()) {
                line("pre", words.toArray(String[]::new));
            }
        }
        if (command.size() > ARGS_MAX) {
            throw bad("a start command of more than " + ARGS_MAX + " words", "");
        }
        command.forEach(word -> line("arg", word));
    }

    private void user(String user) {
        if (!user.matches("[0-9]{1,10}:[0-9]{1,10}(,[0-9]{1,10}){0,31}")) {
            throw bad("the user \"" + user + "\" is not uid:gid[,gid...] in numbers, at most 32", "");
        }
        int colon = user.indexOf(':');
        line("user", user.substring(0, colon), user.substring(colon + 1));
    }

    private void net(RunSpec.Net net) {
        switch (net) {
            case RunSpec.Net.Static s -> line("net", "static", s.address() + "/" + s.bits(), orDash(s.gateway()),
                    orDash(s.dns()), Integer.toString(s.mtu()));
            case RunSpec.Net.Dhcp dhcp -> line("net", "dhcp");
            case RunSpec.Net.None none -> line("net", "none");
        }
    }

    private static String orDash(String value) {
        return value.isEmpty() ? "-" : value;
    }

    private static Failure bad(String message, String hint) {
        return new Failure(Failure.Kind.BAD_INPUT, message, hint);
    }
}

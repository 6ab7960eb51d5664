package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import eu.mikelangelo.packages.debian.unit.Shell;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Recognises how an /etc/init.d script would start its daemon: start-stop-daemon, or DAEMON and DAEMON_ARGS. */
final class InitScript {
    private InitScript() { }

    /** The plan, or null when there is no init script or it is not understood. */
    static Plan plan(Universe universe, TreeMaker maker, String name, List<Integer> group) {
        List<Entry> scripts = new ArrayList<>();
        for (int member : group) {
            for (Entry entry : universe.facts(member).entries()) {
                if (entry.file() && entry.path().matches("/etc/init\\.d/[A-Za-z0-9._+-]+")) {
                    scripts.add(entry);
                }
            }
        }
        Entry script = scripts.stream().filter(e -> e.name().equals(name)).findFirst()
                .orElse(scripts.size() == 1 ? scripts.getFirst() : null);
        if (script == null) {
            return null;
        }
        Plan plan = read(universe.text(script), script.name(), maker);
        boolean shell = script.script().matches("(/usr)?/bin/(sh|dash|bash)( .*)?");
        boolean doubtful = plan == null || plan.guessed || !plan.warnings.isEmpty()
                || maker.find(plan.args.getFirst()) == null
                || !plan.args.getFirst().matches("/.*") || plan.background || wrapped(maker, plan);
        return shell && doubtful ? run(script.path(), script.name(), maker) : plan;
    }

    /** Whether the program is a script that would look at variables of the init script. */
    private static boolean wrapped(TreeMaker maker, Plan plan) {
        Entry entry = maker.find(plan.args.getFirst());
        return entry != null && !entry.script().isEmpty() && plan.args.getFirst().endsWith("-wrapper");
    }

    /** What only a run could tell is left to a run: the machine starts the init script itself. */
    private static Plan run(String path, String name, TreeMaker maker) {
        Plan plan = new Plan();
        plan.origin = "/etc/init.d/" + name;
        plan.wrap = List.of("/bin/sh");
        plan.args = new ArrayList<>(List.of(path, "start"));
        plan.forking = true;
        maker.include(path);
        return plan;
    }

    static Plan read(String text, String name, TreeMaker maker) {
        Map<String, String> known = new HashMap<>();
        known.put("1", "start");
        known.put("0", "/etc/init.d/" + name);
        Shell.Script script = Shell.read(text, known,
                path -> path.startsWith("/etc/default/") && maker != null ? maker.text(path) : null);
        Plan plan = new Plan();
        plan.origin = "/etc/init.d/" + name;
        for (List<String> command : script.commands()) {
            if (command.getFirst().replaceFirst(".*/", "").equals("start-stop-daemon")
                    && (command.contains("--start") || command.contains("-S")) && !command.contains("--test")
                    && startStopDaemon(command, plan)) {
                return plan;
            }
        }
        String daemon = script.variables().getOrDefault("DAEMON", "");
        if (!daemon.matches("/[A-Za-z0-9._+/-]+")) {
            return null;
        }
        plan.args = new ArrayList<>(List.of(daemon));
        // init-d-script(5) is told by these variables alone; in another script they say only a part.
        plan.guessed = !text.contains("init-d-script");
        String arguments = script.variables().getOrDefault("DAEMON_ARGS",
                script.variables().getOrDefault("DAEMON_OPTS", ""));
        if (arguments.indexOf(Shell.UNKNOWN) < 0) {
            plan.args.addAll(Shell.words(arguments, script.variables()));
        }
        plan.forking = true;
        return plan;
    }

    private static boolean startStopDaemon(List<String> words, Plan plan) {
        String program = "";
        plan.forking = true;
        plan.args = new ArrayList<>();
        List<String> arguments = new ArrayList<>();
        for (int i = 1; i < words.size(); i++) {
            String word = words.get(i);
            String value = word.contains("=") && word.startsWith("--") ? word.substring(word.indexOf('=') + 1)
                    : i + 1 < words.size() ? words.get(i + 1) : "";
            switch (word.replaceFirst("=.*", "")) {
                case "--exec", "-x" -> program = program.isEmpty() ? value : program;
                case "--startas", "-a" -> program = value;
                case "--chuid", "-c" -> {
                    String[] parts = value.split(":", 2);
                    plan.user = known(parts[0]) ? parts[0] : "";
                    plan.group = parts.length > 1 && known(parts[1]) ? parts[1] : "";
                }
                case "--chdir", "-d" -> plan.workdir = known(value) && value.startsWith("/") ? value : "/";
                case "--background", "-b", "-bm" -> plan.background = true;
                case "--" -> {
                    arguments.addAll(words.subList(i + 1, words.size()));
                    i = words.size();
                }
                default -> { }
            }
        }
        if (!program.matches("/[A-Za-z0-9._+/-]+")) {
            return false;
        }
        plan.args.add(program);
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (known(argument)) {
                plan.args.add(argument);
                continue;
            }
            // Without its value an option would take the next word for it.
            boolean option = i > 0 && known(arguments.get(i - 1)) && arguments.get(i - 1).startsWith("-")
                    && !argument.startsWith("-");
            String warning = plan.origin + " starts " + program + " with a value for "
                    + (option ? plan.args.removeLast() : "its options")
                    + " that only an installation would know; left out";
            if (!plan.warnings.contains(warning)) {
                plan.warnings.add(warning);
            }
        }
        return true;
    }

    private static boolean known(String word) {
        return !word.isEmpty() && word.indexOf(Shell.UNKNOWN) < 0;
    }
}

package eu.mikelangelo.packages.manifest;

import eu.mikelangelo.base.Failure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code meta/run.yaml} with the native runtime.
 *
 * @param sets     the configuration sets, in the order of the file; at least one
 * @param defaults names from {@code config_set_default}, in order; without it the only set, else empty
 * @param place    where the file begins, for messages
 */
public record RunManifest(Map<String, ConfigSet> sets, List<String> defaults, String place) {
    /** Where it stands below the root of a package. */
    public static final String PATH = "meta/run.yaml";
    private static final List<String> KEYS = List.of("runtime", "config_set", "config_set_default");
    private static final List<String> SET_KEYS = List.of("bootcmd", "env", "base");
    private static final String SET_NAME = "[A-Za-z0-9][A-Za-z0-9._+-]{0,127}";
    private static final List<String> LATER = List.of("java", "node", "python");

    /**
     * @param command words of {@code bootcmd}, variables left for run time; empty when the base gives them
     * @param env     in the order of the file
     * @param base    set that this one is made from, or null
     * @param place   where the set stands, for messages
     */
    public record ConfigSet(String name, List<String> command, Map<String, String> env, Base base, String place) { }

    /** {@code "<package>:<set>"}. */
    public record Base(String packageName, String set) {
        @Override
        public String toString() {
            return packageName + ":" + set;
        }
    }

    /** Reads {@code meta/run.yaml} of the package in {@code root}. */
    public static RunManifest read(Path root) {
        return of(YamlReader.read(root.resolve(PATH)));
    }

    static RunManifest of(Yaml yaml) {
        Yaml.Mapping top = yaml.mapping("the manifest");
        top.allowOnly(KEYS, "run.yaml");
        runtime(top);
        Yaml setsYaml = top.get("config_set");
        if (setsYaml == null) {
            throw top.place().mistake("key \"config_set\" is missing",
                    "At least one set is needed: config_set: { main: { bootcmd: \"/srv/app\" } }");
        }
        Map<String, ConfigSet> sets = new LinkedHashMap<>();
        setsYaml.mapping("config_set").fields().forEach((name, field) -> sets.put(name, set(name, field)));
        if (sets.isEmpty()) {
            throw setsYaml.place().expected("at least one set", "none");
        }
        return new RunManifest(sets, defaults(top.get("config_set_default"), sets), shown(top.place()));
    }

    private static void runtime(Yaml.Mapping top) {
        Yaml runtime = top.get("runtime");
        if (runtime == null) {
            throw top.place().mistake("key \"runtime\" is missing", "Write \"runtime: native\".");
        }
        String name = runtime.text("a runtime");
        if (LATER.contains(name)) {
            throw runtime.place().mistake("the runtime \"" + name + "\" is not supported yet",
                    "Write \"runtime: native\" and a bootcmd that starts " + name
                    + ", with the Debian package that has it under require.");
        }
        if (!name.equals("native")) {
            throw runtime.place().expected("native (java, node and python will follow)",
                    "\"" + Names.shown(name) + "\"");
        }
    }

    private static ConfigSet set(String name, Yaml.Field field) {
        if (!name.matches(SET_NAME)) {
            throw field.place().expected("a set's name of letters, digits and . _ + -",
                    "\"" + Names.shown(name) + "\"");
        }
        Yaml.Mapping set = field.value().mapping("set " + name);
        set.allowOnly(SET_KEYS, "a set of the native runtime");
        Yaml bootcmd = set.get("bootcmd");
        Yaml base = set.get("base");
        if (bootcmd == null && base == null) {
            throw field.place().mistake("set \"" + name + "\" has neither bootcmd nor base",
                    "Write \"bootcmd: /path/of/the/program arguments\".");
        }
        Map<String, String> env = new LinkedHashMap<>();
        if (set.get("env") != null) {
            set.get("env").textMap("env").forEach((key, text) -> env.put(variable(key, text), text.value()));
        }
        return new ConfigSet(name, bootcmd == null ? List.of() : command(bootcmd), env,
                base == null ? null : base(base), shown(field.place()));
    }

    /** Capstan forbids blanks in values too, because OSv splits there; we carry them whole. */
    private static String variable(String key, Yaml.Text text) {
        if (!CommandWords.isName(key)) {
            throw text.place().expected("an environment variable named by letters, digits and _",
                    "\"" + Names.shown(key) + "\"");
        }
        if (text.value().indexOf('\0') >= 0) {
            throw text.place().mistake("the value of " + key + " holds a NUL", "");
        }
        return key;
    }

    private static List<String> command(Yaml bootcmd) {
        String text = bootcmd.text("a command");
        try {
            List<String> words = CommandWords.split(text);
            if (words.isEmpty()) {
                throw bootcmd.place().expected("a command", "an empty text");
            }
            if (text.indexOf('\0') >= 0) {
                throw bootcmd.place().mistake("bootcmd holds a NUL", "");
            }
            return List.copyOf(words);
        } catch (CommandWords.Unfinished e) {
            throw bootcmd.place().mistake("bootcmd, character " + (e.column() + 1) + ": " + e.getMessage(),
                    "Close the quote; \\\" inside \"...\" is a quote itself.");
        }
    }

    private static Base base(Yaml yaml) {
        String text = yaml.text("a base");
        int colon = text.indexOf(':');
        if (colon <= 0 || !text.substring(0, colon).matches(PackageManifest.NAME)
                || !text.substring(colon + 1).matches(SET_NAME)) {
            throw yaml.place().expected("a base as \"<package>:<set>\"", "\"" + Names.shown(text) + "\"");
        }
        return new Base(text.substring(0, colon), text.substring(colon + 1));
    }

    private static List<String> defaults(Yaml yaml, Map<String, ConfigSet> sets) {
        if (yaml == null || yaml instanceof Yaml.Text text && text.isNull()) {
            return sets.size() == 1 ? List.copyOf(sets.keySet()) : List.of();
        }
        List<String> names = new ArrayList<>();
        for (String part : yaml.text("the name of a set").split(",")) {
            String name = part.strip();
            if (!sets.containsKey(name)) {
                String nearest = Names.nearest(name, sets.keySet());
                throw yaml.place().mistake("config_set_default names \"" + Names.shown(name)
                        + "\", which is no set of this file" + (nearest == null ? "" : "; did you mean \"" + nearest
                        + "\"?"), "Sets: " + String.join(", ", sets.keySet()) + ".");
            }
            names.add(name);
        }
        return List.copyOf(names);
    }

    private static String shown(Yaml.Place place) {
        return place.file() + ", line " + place.line();
    }

    /** The set of this name. */
    ConfigSet require(String name) {
        ConfigSet set = sets.get(name);
        if (set == null) {
            String nearest = Names.nearest(name, sets.keySet());
            throw new Failure(Failure.Kind.NOT_FOUND, place + ": no set \"" + Names.shown(name) + "\""
                    + (nearest == null ? "" : "; did you mean \"" + nearest + "\"?"),
                    "Sets: " + String.join(", ", sets.keySet()) + ".");
        }
        return set;
    }
}

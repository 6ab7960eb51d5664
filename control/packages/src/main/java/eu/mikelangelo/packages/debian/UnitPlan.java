package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.debian.unit.UnitFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a service unit asks for (systemd.exec(5), systemd.service(5)), as far as a machine with one application has
 * it.
 */
final class UnitPlan {
    private static final Pattern VARIABLE = Pattern.compile("\\$\\$|\\$\\{([A-Za-z_][A-Za-z0-9_]*)}|"
            + "\\$([A-Za-z_][A-Za-z0-9_]*)");
    private static final Set<String> MISSING = Set.of("dbus.service", "dbus.socket", "systemd-logind.service",
            "systemd-udevd.service", "systemd-resolved.service", "docker.service", "libvirtd.service");
    private final TreeMaker maker;
    private final UnitFile unit;
    private final Map<String, UnitFile> units;
    private final Plan plan = new Plan();
    private final Map<String, String> known = new HashMap<>();

    UnitPlan(TreeMaker maker, UnitFile unit, Map<String, UnitFile> units) {
        this.maker = maker;
        this.unit = unit;
        this.units = units;
    }

    Plan plan() {
        plan.origin = unit.name();
        possible();
        plan.user = unit.last("Service.User", "");
        plan.group = unit.last("Service.Group", "");
        if (unit.last("Service.DynamicUser", "no").matches("(?i)yes|true|1|on") && plan.user.isEmpty()) {
            plan.user = unit.stem().replaceAll("[^A-Za-z0-9_-]", "_");
        }
        plan.user = special(plan.user);
        plan.group = special(plan.group);
        unit.words("Service.SupplementaryGroups").forEach(group -> plan.moreGroups.add(special(group)));
        environment();
        capabilities();
        folders();
        commands();
        String workdir = special(unit.last("Service.WorkingDirectory", "/")).replaceFirst("^-", "");
        plan.workdir = workdir.equals("~") ? "~" : workdir.startsWith("/") ? workdir : "/";
        String type = unit.last("Service.Type", "simple");
        plan.forking = type.equals("forking");
        pidFile();
        plan.ports.addAll(StartFinder.ports(unit.stem(), units));
        sockets();
        return plan;
    }

    /** Refuses what cannot run without another service of a whole system. */
    private void possible() {
        List<String> lacks = new ArrayList<>();
        if (unit.last("Service.Type", "").equals("dbus") || !unit.all("Service.BusName").isEmpty()
                && unit.last("Service.Type", "dbus").equals("dbus")) {
            lacks.add("the D-Bus system bus (Type=dbus)");
        }
        for (String key : List.of("Unit.Requires", "Unit.BindsTo", "Unit.Requisite")) {
            for (String other : unit.words(key)) {
                if (MISSING.contains(other) && !units.containsKey(other)) {
                    lacks.add(other);
                }
            }
        }
        if (!lacks.isEmpty()) {
            throw new Failure(Failure.Kind.GUEST, unit.name() + " needs " + String.join(" and ", lacks)
                    + ", which a machine with one application does not have",
                    "If the program can do without, write a recipe that starts it directly (packages/recipes).");
        }
        for (String other : unit.words("Unit.Requires")) {
            UnitFile sibling = units.get(other);
            if (sibling != null && other.endsWith(".service") && sibling != unit) {
                plan.warnings.add(unit.name() + " requires " + other + ", which is not started in this machine");
            }
        }
    }

    private void sockets() {
        String socket = unit.stem() + ".socket";
        boolean required = unit.words("Unit.Requires").contains(socket) || unit.words("Service.Sockets")
                .contains(socket);
        if (required) {
            plan.warnings.add(unit.name() + " expects its sockets from systemd (" + socket
                    + "), which are not handed over here; it may refuse to start");
        }
    }

    /** systemd.exec(5): AmbientCapabilities= lets an unprivileged user bind port 53, or look at packets. */
    private void capabilities() {
        for (String name : unit.words("Service.AmbientCapabilities")) {
            if (name.matches("CAP_[A-Z_]{1,40}") && !plan.capabilities.contains(name.substring(4).toLowerCase(
                    java.util.Locale.ROOT))) {
                plan.capabilities.add(name.substring(4).toLowerCase(java.util.Locale.ROOT));
            }
        }
    }

    private void environment() {
        for (String assignment : unit.words("Service.Environment")) {
            int equals = assignment.indexOf('=');
            if (equals > 0) {
                plan.env.put(assignment.substring(0, equals), special(assignment.substring(equals + 1)));
            }
        }
        for (String file : unit.all("Service.EnvironmentFile")) {
            boolean optional = file.startsWith("-");
            String path = special(optional ? file.substring(1) : file);
            String text = maker.text(path);
            if (text != null) {
                known.putAll(environmentFile(text));
            } else if (!path.contains("*")) {
                if (path.startsWith("/etc/")) {
                    plan.lateFiles.add(path);
                }
                if (!optional) {
                    plan.warnings.add(unit.name() + " reads " + path + ", which no package ships");
                }
            }
        }
        plan.env.putAll(known);
        known.putAll(plan.env);
    }

    /** systemd.exec(5), EnvironmentFile=: assignments, comments, quotes; nothing is executed. */
    static Map<String, String> environmentFile(String text) {
        Map<String, String> values = new java.util.LinkedHashMap<>();
        for (String raw : text.replace("\\\n", "").split("\n")) {
            String line = raw.strip();
            int equals = line.indexOf('=');
            if (equals <= 0 || line.startsWith("#") || line.startsWith(";")
                    || !line.substring(0, equals).matches("[A-Za-z_][A-Za-z0-9_]*")) {
                continue;
            }
            String value = line.substring(equals + 1).strip();
            if (value.length() > 1 && (value.charAt(0) == '"' || value.charAt(0) == '\'')
                    && value.charAt(value.length() - 1) == value.charAt(0)) {
                boolean twice = value.charAt(0) == '"';
                value = value.substring(1, value.length() - 1);
                value = twice ? value.replaceAll("\\\\([\"\\\\$`])", "$1") : value;
            }
            values.put(line.substring(0, equals), value);
        }
        return values;
    }

    private void commands() {
        List<String> starts = unit.all("Service.ExecStart");
        for (String command : unit.all("Service.ExecStartPre")) {
            before(command);
        }
        for (String command : starts.subList(0, starts.size() - 1)) {
            before(command);
        }
        plan.args = words(starts.getLast());
        plan.template = template(starts.getLast());
        if (plan.args.isEmpty()) {
            throw new Failure(Failure.Kind.GUEST, unit.name() + " has an ExecStart without a command: "
                    + starts.getLast(),
                    "Write a recipe with args (packages/recipes).");
        }
    }

    private void before(String command) {
        String prefix = prefix(command);
        List<String> words = words(command);
        if (!words.isEmpty()) {
            boolean root = prefix.contains("+") || prefix.contains("!")
                    || unit.last("Service.PermissionsStartOnly", "no").matches("(?i)yes|true|1");
            plan.pre.add(new Plan.Before(words, prefix.contains("-"), root ? "" : plan.user));
        }
    }

    private static String prefix(String command) {
        Matcher matcher = Pattern.compile("^[-@+!:|]*").matcher(command);
        return matcher.find() ? matcher.group() : "";
    }

    private List<String> words(String command) {
        String prefix = prefix(command);
        List<String> words = new ArrayList<>();
        List<String> raw = UnitFile.split(command.substring(prefix.length()));
        for (int i = 0; i < raw.size(); i++) {
            if (i == 1 && prefix.contains("@")) {
                // The second word is only the name that the program sees as its own.
                continue;
            }
            String word = raw.get(i);
            if (word.equals(";") && i > 0) {
                break;
            }
            if (prefix.contains(":")) {
                words.add(special(word));
            } else if (word.matches("\\$[A-Za-z_][A-Za-z0-9_]*")) {
                words.addAll(UnitFile.split(known.getOrDefault(word.substring(1), "")));
            } else {
                words.add(special(expand(word)));
            }
        }
        return words;
    }

    /** The words with the variables that the environment has left in them, in the form of {@code Start.args}. */
    private List<String> template(String command) {
        String prefix = prefix(command);
        List<String> raw = UnitFile.split(command.substring(prefix.length()));
        if (raw.isEmpty() || prefix.matches(".*[@:].*") || raw.contains(";")) {
            return null;
        }
        List<String> words = new ArrayList<>();
        for (String word : raw) {
            boolean alone = word.matches("\\$[A-Za-z_][A-Za-z0-9_]*");
            words.add(alone ? word : special(braced(word)));
        }
        return words;
    }

    /** Inside a word only ${NAME} is a variable; every other dollar is doubled. */
    private static String braced(String word) {
        Matcher matcher = VARIABLE.matcher(word);
        StringBuilder result = new StringBuilder();
        while (matcher.find()) {
            String kept = matcher.group(2) != null ? "$" + matcher.group() : matcher.group();
            matcher.appendReplacement(result, Matcher.quoteReplacement(kept));
        }
        return matcher.appendTail(result).toString();
    }

    private String expand(String word) {
        Matcher matcher = VARIABLE.matcher(word);
        StringBuilder result = new StringBuilder();
        while (matcher.find()) {
            String name = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
            // Inside a longer word systemd expands only the form with braces; "$NAME" there stays for a shell to
            // expand.
            String value = name == null ? "$" : matcher.group(1) == null ? matcher.group() : known.getOrDefault(name,
                    "");
            matcher.appendReplacement(result, Matcher.quoteReplacement(value));
        }
        return matcher.appendTail(result).toString();
    }

    private String special(String text) {
        String user = plan.user.isEmpty() ? "root" : plan.user;
        return unit.specifiers(text, user, user.equals("root") ? "/root" : "/");
    }

    private void folders() {
        String owner = plan.user.isEmpty() ? "" : plan.user + (plan.group.isEmpty() ? "" : ":" + plan.group);
        String[][] kinds = {{"Runtime", "/run", "RUNTIME_DIRECTORY"}, {"State", "/var/lib", "STATE_DIRECTORY"},
            {"Cache", "/var/cache", "CACHE_DIRECTORY"}, {"Logs", "/var/log", "LOGS_DIRECTORY"},
            {"Configuration", "/etc", "CONFIGURATION_DIRECTORY"}};
        for (String[] kind : kinds) {
            String mode = unit.last("Service." + kind[0] + "DirectoryMode", "0755");
            List<String> paths = new ArrayList<>();
            for (String name : unit.words("Service." + kind[0] + "Directory")) {
                String path = special(name).replaceFirst(":.*", "");
                if (!path.contains("..") && !path.startsWith("/")) {
                    paths.add(kind[1] + "/" + path);
                    plan.folders.add(new Plan.Folder(kind[1] + "/" + path,
                            mode.matches("[0-7]{3,5}") ? Integer.parseInt(mode, 8) : 0755,
                            kind[0].equals("Configuration") ? "" : owner));
                }
            }
            if (!paths.isEmpty()) {
                plan.env.put(kind[2], String.join(":", paths));
                known.put(kind[2], String.join(":", paths));
            }
        }
    }

    /** The folder of a PID file must exist, whoever else was to make it. */
    private void pidFile() {
        String file = special(unit.last("Service.PIDFile", "")).replaceFirst("^/var/run/", "/run/");
        String folder = file.lastIndexOf('/') > 4 ? file.substring(0, file.lastIndexOf('/')) : "";
        if (folder.startsWith("/run/") && !folder.contains("..")
                && plan.folders.stream().noneMatch(f -> f.path().equals(folder))) {
            plan.folders.add(new Plan.Folder(folder, 0755, plan.user));
        }
    }
}

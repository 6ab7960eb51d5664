package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.Universe.Owned;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks at a finished tree as the guest will: can the start command run, and what would surprise its user. */
final class Checks {
    private static final Pattern LOCAL = Pattern.compile("(?i)^\\s*[a-z_.-]*(listen|bind|interface|addr|host)[a-z_.-]*"
            + "[\\s=:\"'(]+.*?(127\\.0\\.0\\.1|localhost|::1)\\b.*");
    private static final Pattern CONFIG = Pattern.compile("^(?:--?[a-z-]*(?:conf|config|file|cfg)[a-z-]*[= "
            + "]?)?(/etc/[A-Za-z0-9._/-]+)$");
    private static final int MAX_WARNINGS = 3;

    private Checks() { }

    /** @throws Failure GUEST when the command, its interpreter or a library of them is not in the tree */
    static void start(Universe universe, TreeMaker maker, Plan plan, String name) {
        String command = plan.args.getFirst();
        String path = maker.real(command);
        if (path == null || !(maker.tree().get(path) instanceof Tree.File file) || plan.wrap.isEmpty()
                && (file.mode() & 0111) == 0) {
            throw new Failure(Failure.Kind.GUEST, "package " + name + " starts with " + command + " (" + plan.origin
                    + "), which " + (path != null && maker.tree().get(path) != null ? "cannot be executed"
                    : "none of its packages has"), "A recipe can name another command (packages/recipes).");
        }
        Deque<String> open = new ArrayDeque<>(List.of(path));
        plan.wrap.stream().limit(1).forEach(open::add);
        plan.pre.forEach(before -> open.add(before.words().getFirst()));
        Set<String> seen = new HashSet<>();
        while (!open.isEmpty()) {
            String at = maker.real(open.pop());
            Owned owned = at == null ? null : universe.get(at);
            if (at == null || !(maker.tree().get(at) instanceof Tree.File)) {
                throw new Failure(Failure.Kind.GUEST, "the tree of " + name + " lacks " + at + ", which " + command
                        + " needs",
                        "This is a gap in the importer; a recipe's add may close it.");
            }
            if (owned == null || !seen.add(at)) {
                continue;
            }
            Entry entry = owned.entry();
            if (!entry.script().isEmpty()) {
                open.add(entry.script().split("\\s+")[0]);
            }
            if (entry.elf() == null) {
                continue;
            }
            if (!entry.elf().interp().isEmpty()) {
                open.add(entry.elf().interp());
            }
            for (String soname : entry.elf().needed()) {
                if (maker.missing().containsKey(soname + " of " + entry.path())) {
                    throw new Failure(Failure.Kind.GUEST, entry.path() + " of package " + name + " needs the library "
                            + soname + ", which no package that it depends on has",
                            "The packages contradict each other.");
                }
            }
        }
    }

    /** Configuration that nobody ships, servers that would listen to nobody outside. */
    static List<String> warnings(Universe universe, TreeMaker maker, List<Integer> group, Plan plan, boolean recipe) {
        List<String> warnings = new ArrayList<>();
        for (String path : absent(maker, plan)) {
            warnings.add(plan.origin + " names " + path + ", which no package ships (a maintainer script may make it); "
                    + "give it with a recipe's files");
        }
        if (!recipe) {
            local(universe, maker, group, warnings);
            String line = String.join(" ", plan.args);
            if (line.matches(".*(127\\.0\\.0\\.1|localhost|\\[?::1\\]?).*")) {
                warnings.add(plan.origin + " names a loopback address (" + line
                        + "): published ports do not reach what listens only there");
            }
        }
        maker.missing().forEach((what, who) -> warnings.add("no package has " + what + " (of " + who + ")"));
        return warnings;
    }

    /** Files of /etc that the start command names and nobody has. */
    static List<String> absent(TreeMaker maker, Plan plan) {
        List<String> absent = new ArrayList<>();
        for (String argument : plan.args.subList(1, plan.args.size())) {
            Matcher matcher = CONFIG.matcher(argument);
            String path = matcher.matches() ? maker.real(matcher.group(1)) : null;
            if (path != null && maker.tree().get(path) == null) {
                absent.add(path);
            }
        }
        return absent;
    }

    private static void local(Universe universe, TreeMaker maker, List<Integer> group, List<String> warnings) {
        int found = 0;
        for (Map.Entry<String, Tree.Node> node : maker.tree().nodes().entrySet()) {
            Owned owned = universe.get(node.getKey());
            boolean own = node.getKey().startsWith("/etc/") && (owned == null || group.contains(owned.member()));
            if (!own || !(node.getValue() instanceof Tree.File file) || file.size() > 1 << 20) {
                continue;
            }
            for (String line : universe.text(file.sha256()).split("\n")) {
                if (line.length() > 300 || line.matches("\\s*([#;%!]|//|--).*|.*(0\\.0\\.0\\.0|\\*|@localhost).*")
                        || !LOCAL.matcher(line).matches()) {
                    continue;
                }
                if (++found <= MAX_WARNINGS) {
                    warnings.add(node.getKey() + " says \"" + line.strip()
                            + "\": if the server listens only there, published "
                            + "ports will not reach it");
                }
                break;
            }
        }
    }
}

package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import eu.mikelangelo.packages.debian.unit.UnitFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Finds how a package starts: its service unit, else its init script, else its only program. */
final class StartFinder {
    private static final String UNITS = "/(usr/lib|etc)/systemd/system/[^/]+\\.(service|socket|timer|path)";
    private final Universe universe;
    private final TreeMaker maker;
    private final String name;
    private final List<Integer> group;
    private final int main;

    /** @param group members whose files count as the package's own, the main one among them */
    StartFinder(Universe universe, TreeMaker maker, String name, int main, List<Integer> group) {
        this.universe = universe;
        this.maker = maker;
        this.name = name;
        this.main = main;
        this.group = group;
    }

    /** @throws Failure GUEST when nothing can be started, saying what was seen */
    Plan find() {
        Map<String, UnitFile> units = units();
        UnitFile unit = choose(units);
        boolean passing = unit != null && passing(unit, units);
        if (unit != null && !passing) {
            return new UnitPlan(maker, unit, units).plan();
        }
        Plan plan = InitScript.plan(universe, maker, name, group);
        if (plan == null && passing && !triggered(unit, units)) {
            plan = new UnitPlan(maker, unit, units).plan();
        }
        if (plan == null) {
            plan = program();
        }
        if (plan == null) {
            throw new Failure(Failure.Kind.GUEST, "package " + name + " does not say how it is started: it has no "
                    + "service "
                    + "unit with ExecStart, no init script and no single program" + (units.isEmpty() ? ""
                    : " (units seen: " + String.join(", ", units.keySet()) + ")"),
                    "Write a recipe: packages/recipes/" + name + ".yaml (see README.md there).");
        }
        return plan;
    }

    /** Whether one of these members has a unit, an init script or a program: else it only names others. */
    static boolean startable(Universe universe, List<Integer> members) {
        for (int member : members) {
            for (Entry entry : universe.facts(member).entries()) {
                if (entry.kind() != 'd' && entry.path().matches(UNITS + "|/etc/init\\.d/.+|/usr/(s?bin|games)/.+")) {
                    return true;
                }
            }
        }
        return false;
    }

    private Map<String, UnitFile> units() {
        Map<String, UnitFile> units = new TreeMap<>();
        for (int member : group) {
            for (Entry entry : universe.facts(member).entries()) {
                if (entry.kind() != 'd' && entry.path().matches(UNITS)) {
                    String text = entry.kind() == 'l' ? maker.text(entry.path()) : universe.text(entry);
                    if (text != null && !text.isBlank()) {
                        units.put(entry.name(), dropIns(new UnitFile(entry.name()).add(text)));
                    }
                }
            }
        }
        return units;
    }

    private UnitFile dropIns(UnitFile unit) {
        for (String folder : List.of("/usr/lib", "/etc")) {
            String pattern = folder + "/systemd/system/" + java.util.regex.Pattern.quote(unit.name())
                    + "\\.d/[^/]+\\.conf";
            for (int member : group) {
                for (Entry entry : universe.facts(member).entries()) {
                    if (entry.file() && entry.path().matches(pattern)) {
                        unit.add(universe.text(entry));
                    }
                }
            }
        }
        return unit;
    }

    private UnitFile choose(Map<String, UnitFile> units) {
        List<UnitFile> able = new ArrayList<>();
        for (UnitFile unit : units.values()) {
            if (unit.name().endsWith(".service") && !unit.stem().endsWith("@")
                    && !unit.all("Service.ExecStart").isEmpty()) {
                able.add(unit);
            }
        }
        able.removeIf(unit -> idle(unit) && able.size() > 1);
        Comparator<UnitFile> order = Comparator
                .comparing((UnitFile u) -> !u.stem().equals(name))
                .thenComparing(u -> passing(u, units))
                .thenComparing(u -> u.all("Install.WantedBy").isEmpty() && u.all("Install.Alias").isEmpty())
                .thenComparing(u -> !mains(u))
                .thenComparingInt(u -> distance(u.stem()))
                .thenComparing(UnitFile::name);
        return able.stream().min(order).filter(u -> !idle(u)).orElse(null);
    }

    /** Jobs that come and go, not servers. */
    private static boolean passing(UnitFile unit, Map<String, UnitFile> units) {
        return unit.last("Service.Type", "simple").equals("oneshot") || triggered(unit, units);
    }

    /** Started now and then by a timer or a change of a file. */
    private static boolean triggered(UnitFile unit, Map<String, UnitFile> units) {
        return units.containsKey(unit.stem() + ".timer") || units.containsKey(unit.stem() + ".path");
    }

    private boolean mains(UnitFile unit) {
        return universe.facts(main).entry("/usr/lib/systemd/system/" + unit.name()) != null;
    }

    /** Units that start nothing: they only order others. */
    private static boolean idle(UnitFile unit) {
        return unit.all("Service.ExecStart").stream().allMatch(c -> c.matches("-?(/usr)?/bin/(true|:).*"));
    }

    private int distance(String stem) {
        String plain = name.replaceFirst("-(server|daemon|core|light|heavy|common|bin)$", "");
        if (stem.equals(plain) || stem.equals(plain + "d")) {
            return 0;
        }
        return stem.startsWith(plain) || plain.startsWith(stem) ? 1
                : 2 + eu.mikelangelo.packages.debian.apt.Distance.between(stem, plain);
    }

    /** /usr/sbin's only program, else the program that is called like the package, else its only one. */
    private Plan program() {
        List<String> sbin = new ArrayList<>();
        List<String> bin = new ArrayList<>();
        for (Entry entry : universe.facts(main).entries()) {
            if (entry.kind() == 'l' || entry.executable()) {
                if (entry.path().startsWith("/usr/sbin/")) {
                    sbin.add(entry.path());
                } else if (entry.path().matches("/usr/(bin|games)/.+")) {
                    bin.add(entry.path());
                }
            }
        }
        List<String> all = new ArrayList<>(sbin);
        all.addAll(bin);
        String plain = name.replaceFirst("-(server|daemon|core|light|heavy|common|bin)$", "").toLowerCase(Locale.ROOT);
        String chosen = all.stream().filter(p -> p.endsWith("/" + name) || p.endsWith("/" + plain)
                || p.endsWith("/" + plain + "d") || p.endsWith("/in." + plain)).findFirst()
                .orElse(sbin.size() == 1 ? sbin.getFirst() : all.size() == 1 ? all.getFirst() : null);
        if (chosen == null) {
            return null;
        }
        Plan plan = new Plan();
        plan.origin = chosen;
        plan.args = new ArrayList<>(List.of(chosen));
        return plan;
    }

    /** Ports of socket units that belong to a service. */
    static List<Start.Port> ports(String stem, Map<String, UnitFile> units) {
        Map<String, Start.Port> ports = new HashMap<>();
        for (UnitFile unit : units.values()) {
            if (!unit.name().endsWith(".socket") || !unit.stem().equals(stem)
                    && !unit.last("Socket.Service", "").equals(stem + ".service")) {
                continue;
            }
            for (String key : List.of("ListenStream", "ListenDatagram")) {
                for (String value : unit.all("Socket." + key)) {
                    String digits = value.replaceFirst(".*:", "");
                    if (digits.matches("[0-9]{1,5}")) {
                        String protocol = key.equals("ListenStream") ? "tcp" : "udp";
                        ports.put(protocol + digits, new Start.Port(protocol, Integer.parseInt(digits)));
                    }
                }
            }
        }
        return ports.entrySet().stream().sorted(Map.Entry.comparingByKey()).map(Map.Entry::getValue).toList();
    }
}

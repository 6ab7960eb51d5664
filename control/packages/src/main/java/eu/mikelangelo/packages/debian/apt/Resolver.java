package eu.mikelangelo.packages.debian.apt;

import eu.mikelangelo.base.Failure;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * From names to a closure over Depends and Pre-Depends. Of alternatives the first that can be satisfied is taken (what
 * is chosen already counts first, a real package comes before one that provides the name); what is recommended comes
 * in where it can be had; cycles are normal in Debian. The same index and names give the same closure. For one thread;
 * one use.
 */
public final class Resolver {
    /** Tried choices before we give up on a hostile or broken index. */
    private static final int MAX_STEPS = 200_000;
    private static final int MAX_DEPTH = 1_000;
    private final PackageIndex index;
    private final String architecture;
    private final LinkedHashMap<String, PackageEntry> chosen = new LinkedHashMap<>();
    private final Map<String, List<String>> edges = new HashMap<>();
    private final Map<String, String> hopeless = new HashMap<>();
    private final Map<String, List<List<Dependency>>> against = new HashMap<>();
    private final List<String> path = new ArrayList<>();
    private int steps;
    private String lastFault = "";

    public Resolver(PackageIndex index, String architecture) {
        this.index = index;
        this.architecture = architecture;
    }

    /**
     * @param essential also takes the Essential packages and what they need, marked as such
     * @throws Failure NOT_FOUND when a name is unknown (with the nearest) or a dependency is missing (with its chain)
     */
    public Closure resolve(List<String> names, boolean essential) {
        for (String name : names) {
            PackageEntry entry = named(name);
            if (!add(entry, new Dependency(name, "", ""))) {
                throw new Failure(Failure.Kind.NOT_FOUND, "package " + name + " cannot be resolved: " + lastFault,
                        "A source may be missing in apt's configuration, or two sources do not fit together.");
            }
        }
        int wanted = chosen.size();
        if (essential) {
            for (PackageEntry entry : index.essential()) {
                if (!chosen.containsKey(entry.name())) {
                    add(entry, new Dependency(entry.name(), "", ""));
                }
            }
        }
        return closure(wanted);
    }

    /** The package that a person means by a name: the real one, else the only one that provides it. */
    public PackageEntry named(String name) {
        List<PackageEntry> real = index.packages(name);
        if (!real.isEmpty()) {
            return real.getFirst();
        }
        List<PackageEntry> providers = index.providers(name);
        List<String> distinct = providers.stream().map(PackageEntry::name).distinct().toList();
        if (distinct.size() == 1) {
            return providers.getFirst();
        }
        if (distinct.size() > 1) {
            throw new Failure(Failure.Kind.NOT_FOUND, name + " is a virtual package, provided by "
                    + String.join(", ", distinct), "Name one of these.");
        }
        List<String> nearest = NearestNames.of(index, name, 5);
        throw new Failure(Failure.Kind.NOT_FOUND, "there is no Debian package " + name, nearest.isEmpty()
                ? "Package names are as `apt search` shows them."
                : "Did you mean " + String.join(", ", nearest) + "?");
    }

    private Closure closure(int wanted) {
        List<String> order = new ArrayList<>(chosen.keySet());
        Map<String, Integer> positions = new HashMap<>();
        for (int i = 0; i < order.size(); i++) {
            positions.put(order.get(i), i);
        }
        List<Closure.Member> members = new ArrayList<>();
        for (int i = 0; i < order.size(); i++) {
            List<Integer> requires = edges.getOrDefault(order.get(i), List.of()).stream().map(positions::get)
                    .filter(p -> p != null).distinct().toList();
            members.add(new Closure.Member(chosen.get(order.get(i)), requires, i >= wanted));
        }
        return new Closure(List.copyOf(members), conflicts());
    }

    private boolean add(PackageEntry entry, Dependency why) {
        PackageEntry present = chosen.get(entry.name());
        if (present != null) {
            return present.fulfils(why, architecture);
        }
        String key = entry.name() + " " + entry.version();
        if (hopeless.containsKey(key)) {
            lastFault = hopeless.get(key);
            return false;
        }
        if (++steps > MAX_STEPS || path.size() > MAX_DEPTH) {
            throw new Failure(Failure.Kind.NOT_FOUND, "gave up resolving " + path.getFirst() + " after " + steps
                    + " choices", "Its dependencies contradict each other.");
        }
        int mark = chosen.size();
        chosen.put(entry.name(), entry);
        edges.put(entry.name(), new ArrayList<>());
        path.add(entry.name());
        try {
            for (List<Dependency> group : entry.requires(architecture)) {
                String taken = satisfy(group, true);
                if (taken == null) {
                    rollBack(mark);
                    hopeless.put(key, lastFault);
                    return false;
                }
                edge(entry, taken);
            }
            for (List<Dependency> group : Dependency.parse(entry.recommends(), architecture)) {
                String taken = satisfy(group, false);
                if (taken != null) {
                    edge(entry, taken);
                }
            }
            return true;
        } finally {
            path.removeLast();
        }
    }

    private void edge(PackageEntry entry, String taken) {
        if (edges.containsKey(entry.name())) {
            edges.get(entry.name()).add(taken);
        }
    }

    private void rollBack(int mark) {
        while (chosen.size() > mark) {
            Map.Entry<String, PackageEntry> last = chosen.lastEntry();
            edges.remove(last.getKey());
            chosen.remove(last.getKey());
        }
    }

    /**
     * The name of the package that satisfies the group, chosen now or before; null when none can.
     *
     * @param anyhow also takes what conflicts with the chosen, for a tree is no installation
     */
    private String satisfy(List<Dependency> group, boolean anyhow) {
        for (Dependency alternative : group) {
            PackageEntry same = chosen.get(alternative.name());
            if (same != null && alternative.fulfilledBy(same.name(), same.version())) {
                return same.name();
            }
        }
        for (Dependency alternative : group) {
            for (PackageEntry provider : index.providers(alternative.name())) {
                PackageEntry present = chosen.get(provider.name());
                if (present != null && present.providesFor(alternative, architecture)) {
                    return present.name();
                }
            }
        }
        for (int pass = 0; pass < (anyhow ? 2 : 1); pass++) {
            for (Dependency alternative : group) {
                for (PackageEntry candidate : candidates(alternative)) {
                    if ((pass == 1 || !conflicts(candidate)) && add(candidate, alternative)) {
                        return candidate.name();
                    }
                }
            }
        }
        lastFault = String.join(" → ", path) + " needs " + String.join(" | ", group.stream()
                .map(Dependency::toString).toList()) + ", which no source offers" + (group.stream()
                .anyMatch(d -> hopeless.keySet().stream().anyMatch(k -> k.startsWith(d.name() + " ")))
                ? " with what it needs itself (" + lastFault + ")" : "");
        return null;
    }

    private List<PackageEntry> candidates(Dependency wanted) {
        List<PackageEntry> fitting = new ArrayList<>();
        for (PackageEntry entry : index.packages(wanted.name())) {
            if (wanted.fulfilledBy(entry.name(), entry.version())) {
                fitting.add(entry);
            }
        }
        for (PackageEntry provider : index.providers(wanted.name())) {
            if (provider.providesFor(wanted, architecture)) {
                fitting.add(provider);
            }
        }
        return fitting;
    }

    private boolean conflicts(PackageEntry candidate) {
        for (PackageEntry present : chosen.values()) {
            if (!against(candidate, present).isEmpty() || !against(present, candidate).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** What of {@code a}'s Conflicts or Breaks hits {@code b}; "" if nothing. */
    private String against(PackageEntry a, PackageEntry b) {
        if (a.name().equals(b.name()) || a.conflicts().isEmpty() && a.breaks().isEmpty()) {
            return "";
        }
        List<List<Dependency>> enemies = against.computeIfAbsent(a.sha256(),
                digest -> Dependency.parse(a.conflicts() + "," + a.breaks(), architecture));
        for (List<Dependency> group : enemies) {
            if (b.fulfils(group.getFirst(), architecture)) {
                return group.getFirst().toString();
            }
        }
        return "";
    }

    private List<String> conflicts() {
        List<String> found = new ArrayList<>();
        List<PackageEntry> all = new ArrayList<>(chosen.values());
        for (PackageEntry a : all) {
            for (PackageEntry b : all) {
                String what = against(a, b);
                if (!what.isEmpty()) {
                    found.add(a + " conflicts with or breaks " + what + ", but " + b + " is needed too");
                }
            }
        }
        return found;
    }
}

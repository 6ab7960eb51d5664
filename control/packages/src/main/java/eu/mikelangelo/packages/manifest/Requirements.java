package eu.mikelangelo.packages.manifest;

import eu.mikelangelo.base.Failure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Follows {@code require} from one package to all it needs. A name means the folder of this name beside the package
 * that asks, else the package of this name in the local store, else a Debian package. Each package counts once,
 * before those that need it, so its files may be replaced by theirs.
 */
public final class Requirements {
    /** Of one's own packages in one image; each becomes a segment (ImageManifest.SEGMENTS_MAX). */
    static final int PACKAGES_MAX = 48;
    private final Path store;
    private final Predicate<String> isDebian;
    private final Map<String, Application> found = new LinkedHashMap<>();
    private final List<Application> order = new ArrayList<>();
    private final Set<String> done = new LinkedHashSet<>();
    private final LinkedHashSet<String> debian = new LinkedHashSet<>();

    /**
     * @param packages one's own, each after what it needs; the application is the last
     * @param debian   names of Debian packages, in the order they were met
     */
    public record Plan(List<Application> packages, List<String> debian) {
        public Application application() {
            return packages.getLast();
        }
    }

    private Requirements(Path store, Predicate<String> isDebian) {
        this.store = store;
        this.isDebian = isDebian;
    }

    /**
     * @param store    folder of local packages, one folder each; may be absent
     * @param isDebian tells whether a Debian package has that name; asked only when no local one has
     * @throws Failure BAD_INPUT for a cycle, NOT_FOUND for a missing package, both with the chain that leads there
     */
    public static Plan resolve(Application application, Path store, Predicate<String> isDebian) {
        Requirements requirements = new Requirements(store, isDebian);
        requirements.found.put(application.name(), application);
        requirements.visit(application, new ArrayList<>());
        return new Plan(List.copyOf(requirements.order), List.copyOf(requirements.debian));
    }

    private void visit(Application one, List<String> chain) {
        if (done.contains(one.name())) {
            return;
        }
        boolean cycle = chain.contains(one.name());
        chain.add(one.name());
        if (cycle) {
            throw new Failure(Failure.Kind.BAD_INPUT, "packages require each other: "
                    + String.join(" -> ", chain.subList(chain.indexOf(one.name()), chain.size())),
                    "Remove one of these lines from a package.yaml.");
        }
        for (String name : one.manifest().require()) {
            Application local = local(name, one.root());
            if (local != null) {
                visit(local, chain);
            } else if (isDebian.test(name)) {
                debian.add(name);
            } else {
                throw new Failure(Failure.Kind.NOT_FOUND, "package \"" + name + "\" is required ("
                        + String.join(" -> ", chain) + " -> " + name + ") and cannot be found",
                        "Looked for a folder " + one.root().resolveSibling(name) + ", for " + store.resolve(name)
                        + " and for a Debian package.");
            }
        }
        chain.removeLast();
        done.add(one.name());
        order.add(one);
        if (order.size() > PACKAGES_MAX) {
            throw new Failure(Failure.Kind.BAD_INPUT, "more than " + PACKAGES_MAX + " packages of one's own in "
                    + found.keySet().iterator().next(), "Merge some of them.");
        }
    }

    private Application local(String name, Path neighbour) {
        Application known = found.get(name);
        for (Path folder : known != null ? List.<Path>of() : List.of(neighbour.resolveSibling(name),
                store.resolve(name))) {
            if (Application.isOne(folder)) {
                Application candidate = Application.read(folder);
                if (candidate.name().equals(name)) { // a folder may be called like a package without being it
                    found.put(name, candidate);
                    return candidate;
                }
            }
        }
        return known;
    }
}

package eu.mikelangelo.packages.debian.apt;

import java.util.List;

/**
 * One package of the index, as much of it as resolution and download need.
 *
 * @param source      name of the source package (without version)
 * @param recommends  of Recommends what {@link IndexWriter} keeps: taken where it can be had
 * @param size        of the .deb in bytes; {@code sha256} of it in lower-case hex
 * @param url         where the .deb lies
 * @param automatic   false for archives that say NotAutomatic (backports, experimental): taken only when nothing else
 *                    fits
 * @param rank        of its Priority: 0 required, 1 important, 2 standard, 3 optional, 4 others
 */
public record PackageEntry(String name, String version, String source, String section, boolean essential,
                           String preDepends, String depends, String recommends, String provides, String conflicts,
                           String breaks, long size, String sha256, String url, boolean automatic, int rank) {

    /** Pre-Depends, then Depends. */
    public List<List<Dependency>> requires(String architecture) {
        return Dependency.parse(preDepends.isEmpty() ? depends : preDepends + "," + depends, architecture);
    }

    /** Whether the package is, or provides, what is wanted. An unversioned Provides meets only unversioned wishes. */
    public boolean fulfils(Dependency wanted, String architecture) {
        return wanted.fulfilledBy(name, version) || providesFor(wanted, architecture);
    }

    boolean providesFor(Dependency wanted, String architecture) {
        if (!provides.contains(wanted.name())) {
            return false;
        }
        for (List<Dependency> group : Dependency.parse(provides, architecture)) {
            Dependency given = group.getFirst();
            if (given.name().equals(wanted.name()) && (wanted.relation().isEmpty() || given.relation().equals("=")
                    && DebVersion.satisfies(given.version(), wanted.relation(), wanted.version()))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return name + " " + version;
    }
}

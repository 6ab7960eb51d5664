package eu.mikelangelo.packages.debian.apt;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One relation of a Depends-like field (Debian Policy 7.1): a name, perhaps with an architecture qualifier
 * ({@code :any}), which we do not need since all is of one architecture, and perhaps a version.
 *
 * @param relation {@code << <= = >= >>} or empty
 */
public record Dependency(String name, String relation, String version) {
    private static final Pattern FORM = Pattern.compile(
            "([A-Za-z0-9][A-Za-z0-9.+_-]*)(?::[a-z0-9-]+)?\\s*(?:\\(\\s*(<<|<=|=|>=|>>|<|>)\\s*([^\\s)]+)\\s*\\))?"
                    + "\\s*(?:\\[([^\\]]*)\\])?\\s*(?:<[^>]*>\\s*)*");

    /** The groups of a field: all must hold, and of each group any one. Forms we do not know are left out. */
    public static List<List<Dependency>> parse(String field, String architecture) {
        List<List<Dependency>> groups = new ArrayList<>();
        for (String group : field.split(",")) {
            List<Dependency> alternatives = new ArrayList<>();
            for (String one : group.split("\\|")) {
                Matcher form = FORM.matcher(one.strip());
                if (form.matches() && meant(form.group(4), architecture)) {
                    alternatives.add(new Dependency(form.group(1), form.group(2) == null ? "" : form.group(2),
                            form.group(3) == null ? "" : form.group(3)));
                }
            }
            if (!alternatives.isEmpty()) {
                groups.add(List.copyOf(alternatives));
            }
        }
        return groups;
    }

    private static boolean meant(String architectures, String ours) {
        if (architectures == null || architectures.isBlank()) {
            return true;
        }
        boolean negated = architectures.strip().startsWith("!");
        for (String one : architectures.strip().split("\\s+")) {
            String plain = one.startsWith("!") ? one.substring(1) : one;
            if (plain.equals(ours) || plain.equals("any") || plain.equals("linux-any")) {
                return !negated;
            }
        }
        return negated;
    }

    /** Whether a package of this name and version fulfils it. */
    public boolean fulfilledBy(String packageName, String packageVersion) {
        return name.equals(packageName) && DebVersion.satisfies(packageVersion, relation, version);
    }

    @Override
    public String toString() {
        return relation.isEmpty() ? name : name + " (" + relation + " " + version + ")";
    }
}

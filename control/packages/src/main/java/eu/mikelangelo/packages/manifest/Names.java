package eu.mikelangelo.packages.manifest;

import java.util.Collection;

/** Help with names in messages. */
public final class Names {
    private static final int SHOWN_MAX = 60;

    private Names() { }

    /**
     * The candidate that differs least from {@code name}, or null when none is near: two letters, or a third of its
     * length.
     */
    public static String nearest(String name, Collection<String> candidates) {
        String best = null;
        int bestDistance = (name.length() <= 2 ? 1 : Math.max(2, Math.min(name.length(), SHOWN_MAX) / 3)) + 1;
        for (String candidate : candidates) {
            if (name.length() <= SHOWN_MAX && Math.abs(candidate.length() - name.length()) < bestDistance) {
                int distance = distance(name.toLowerCase(java.util.Locale.ROOT), candidate);
                if (distance < bestDistance) {
                    best = candidate;
                    bestDistance = distance;
                }
            }
        }
        return best;
    }

    /** A text from a file as it may stand in a message: short and without control characters. */
    public static String shown(String text) {
        String cut = text.length() > SHOWN_MAX ? text.substring(0, SHOWN_MAX) + "..." : text;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }

    /** Levenshtein's distance: insertions, deletions and replacements from one to the other. */
    static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replace, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}

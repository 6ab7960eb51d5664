package eu.mikelangelo.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What somebody may have meant. */
final class Suggestions {
    private Suggestions() { }

    /** The nearest words as "a, b or c"; empty when none is near: a third of the letters wrong, or one it begins. */
    static String near(String typed, Iterable<String> known, int limit) {
        List<String> near = new ArrayList<>();
        int far = Math.max(1, (typed.length() + 1) / 3);
        for (String word : known) {
            boolean begins = typed.length() >= 2 && !typed.equals("--") && word.startsWith(typed);
            if (begins || distance(typed, word) <= far && bare(word) > 1) {
                near.add(word);
            }
        }
        near.sort(Comparator.comparingInt((String word) -> distance(typed, word)).thenComparing(word -> word));
        List<String> few = near.subList(0, Math.min(limit, near.size()));
        if (few.size() < 2) {
            return String.join("", few);
        }
        return String.join(", ", few.subList(0, few.size() - 1)) + " or " + few.getLast();
    }

    /** Letters without leading dashes: a one-letter option is near to everything. */
    private static int bare(String word) {
        return word.replaceFirst("^-+", "").length();
    }

    /** Damerau and Levenshtein's: letters put in, left out, changed, or two swapped. */
    static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int change = cost[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                cost[i][j] = Math.min(change, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[a.length()][b.length()];
    }
}

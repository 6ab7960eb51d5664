package eu.mikelangelo.packages.debian.apt;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What somebody who mistyped a package's name may have meant. */
final class NearestNames {
    private static final int MAX_DISTANCE = 2;

    private NearestNames() { }

    private record Near(String name, int rank) { }

    /** At most {@code count} real names: by edit distance, then names that begin with or hold the text. */
    static List<String> of(PackageIndex index, String wanted, int count) {
        List<Near> near = new ArrayList<>();
        for (int i = 0; i < index.size(); i++) {
            String name = index.name(i);
            int rank = rank(name, wanted);
            if (rank < Integer.MAX_VALUE && index.real(i)) {
                near.add(new Near(name, rank));
            }
        }
        near.sort(Comparator.comparingInt(Near::rank).thenComparingInt(n -> n.name().length())
                .thenComparing(Near::name));
        return near.stream().limit(count).map(Near::name).toList();
    }

    private static int rank(String name, String wanted) {
        if (Math.abs(name.length() - wanted.length()) <= MAX_DISTANCE) {
            int distance = distance(name, wanted);
            if (distance <= MAX_DISTANCE && distance * 3 <= Math.max(wanted.length(), 3)) {
                return distance;
            }
        }
        if (wanted.length() >= 3 && name.startsWith(wanted)) {
            return 10;
        }
        if (name.length() >= 4 && wanted.startsWith(name)) {
            return 11;
        }
        return wanted.length() >= 4 && name.contains(wanted) ? 12 : Integer.MAX_VALUE;
    }

    /** Edits (insert, remove, change, swap neighbours) from one text to the other. */
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int change = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                d[i][j] = Math.min(change, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}

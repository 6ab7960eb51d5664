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
            int distance = Distance.between(name, wanted);
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
}

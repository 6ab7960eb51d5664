package eu.mikelangelo.packages.debian.apt;

/**
 * The order of Debian versions, {@code [epoch:]upstream[-revision]} (Debian Policy 5.6.12): the epoch as a number, then
 * upstream, then revision, each as alternating non-digit and digit parts; a tilde sorts before everything, even the
 * end; letters before all other characters.
 */
public final class DebVersion {
    private DebVersion() { }

    /** Negative, zero or positive as {@code a} is older than, equal to or newer than {@code b}. */
    public static int compare(String a, String b) {
        int epochs = compareNumbers(epoch(a), epoch(b));
        if (epochs != 0) {
            return epochs;
        }
        String restA = a.substring(a.indexOf(':') + 1);
        String restB = b.substring(b.indexOf(':') + 1);
        int dashA = restA.lastIndexOf('-');
        int dashB = restB.lastIndexOf('-');
        int upstream = compareParts(dashA < 0 ? restA : restA.substring(0, dashA),
                dashB < 0 ? restB : restB.substring(0, dashB));
        return upstream != 0 ? upstream
                : compareParts(dashA < 0 ? "" : restA.substring(dashA + 1), dashB < 0 ? "" : restB.substring(dashB
                + 1));
    }

    /** Whether {@code version relation wanted} holds; relation is one of {@code << <= = >= >>} or empty (always). */
    public static boolean satisfies(String version, String relation, String wanted) {
        if (relation.isEmpty()) {
            return true;
        }
        int order = compare(version, wanted);
        return switch (relation) {
            case "<<" -> order < 0;
            case "<=", "<" -> order <= 0;
            case "=" -> order == 0;
            case ">=", ">" -> order >= 0;
            case ">>" -> order > 0;
            default -> false;
        };
    }

    private static String epoch(String version) {
        int colon = version.indexOf(':');
        return colon < 0 ? "" : version.substring(0, colon);
    }

    private static int compareParts(String a, String b) {
        int i = 0;
        int j = 0;
        while (i < a.length() || j < b.length()) {
            while (i < a.length() && !digit(a.charAt(i)) || j < b.length() && !digit(b.charAt(j))) {
                int orderA = i < a.length() ? rank(a.charAt(i)) : 0;
                int orderB = j < b.length() ? rank(b.charAt(j)) : 0;
                if (orderA != orderB) {
                    return Integer.compare(orderA, orderB);
                }
                i++;
                j++;
            }
            int endA = digitsEnd(a, i);
            int endB = digitsEnd(b, j);
            int numbers = compareNumbers(a.substring(Math.min(i, a.length()), endA),
                    b.substring(Math.min(j, b.length()), endB));
            if (numbers != 0) {
                return numbers;
            }
            i = endA;
            j = endB;
        }
        return 0;
    }

    private static int digitsEnd(String text, int from) {
        int end = Math.min(from, text.length());
        while (end < text.length() && digit(text.charAt(end))) {
            end++;
        }
        return end;
    }

    /** As numbers of any length: leading zeroes do not count, and the empty text is 0. */
    private static int compareNumbers(String a, String b) {
        String x = stripZeroes(a);
        String y = stripZeroes(b);
        return x.length() != y.length() ? Integer.compare(x.length(), y.length()) : Integer.signum(x.compareTo(y));
    }

    private static String stripZeroes(String number) {
        int start = 0;
        while (start < number.length() && number.charAt(start) == '0') {
            start++;
        }
        return number.substring(start);
    }

    private static boolean digit(char c) {
        return c >= '0' && c <= '9';
    }

    /** The end of the text and digits rank 0. */
    private static int rank(char c) {
        if (c == '~') {
            return -1;
        }
        if (digit(c)) {
            return 0;
        }
        boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
        return letter ? c : c + 256;
    }
}

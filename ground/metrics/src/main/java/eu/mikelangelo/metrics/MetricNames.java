package eu.mikelangelo.metrics;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;

/** Names and labels as the Prometheus text format 0.0.4 wants them. Throws {@link IllegalArgumentException}. */
final class MetricNames {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");
    private static final Pattern LABEL = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*");
    /** Names a bucket's bound. */
    private static final String BOUND = "le";

    private MetricNames() {}

    static String name(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("metric name \"" + name + "\" is not of the form " + NAME);
        }
        return name;
    }

    /** Pairs of name and value, rendered: {@code shard="0",lane="serving"}. */
    static String labels(String... pairs) {
        if (pairs.length % 2 != 0) {
            throw new IllegalArgumentException("label " + pairs[pairs.length - 1] + " has no value");
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < pairs.length; i += 2) {
            String name = pairs[i];
            if (!LABEL.matcher(name).matches() || name.startsWith("__") || name.equals(BOUND)) {
                throw new IllegalArgumentException("label name \"" + name + "\" is reserved or not of the form "
                        + LABEL);
            }
            text.append(i == 0 ? "" : ",").append(name).append("=\"").append(escape(pairs[i + 1], true)).append('"');
        }
        checkDistinct(pairs);
        return text.toString();
    }

    /** Backslash and line feed, and in label values the quote, as the format escapes them. */
    static String escape(String text, boolean quotes) {
        StringBuilder escaped = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\\' -> escaped.append("\\\\");
                case '\n' -> escaped.append("\\n");
                case '"' -> escaped.append(quotes ? "\\\"" : "\"");
                default -> escaped.append(c);
            }
        }
        return escaped.toString();
    }

    private static void checkDistinct(String... pairs) {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < pairs.length; i += 2) {
            if (!names.add(pairs[i])) {
                throw new IllegalArgumentException("label " + pairs[i] + " is given twice");
            }
        }
    }
}

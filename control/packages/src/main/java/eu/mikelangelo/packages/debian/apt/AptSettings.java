package eu.mikelangelo.packages.debian.apt;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * apt.conf(5), as much of it as decides how to reach and trust an archive: {@code A::B "v";} and {@code A { B "v";
 * };}.
 */
final class AptSettings {
    private final Map<String, String> values = new HashMap<>();

    /** The value of {@code Acquire::http::Proxy}-like names (case does not matter), or the default. */
    String get(String name, String otherwise) {
        return values.getOrDefault(name.toLowerCase(Locale.ROOT), otherwise);
    }

    boolean yes(String name, boolean otherwise) {
        String value = get(name, "");
        return value.isEmpty() ? otherwise : !value.matches("(?i)no|false|0|off|without|disable");
    }

    /** Adds a file's settings; later ones win. What cannot be read is skipped: it is not our configuration. */
    void add(String text) {
        Scanner scanner = new Scanner(text);
        String scope = "";
        String name = "";
        for (String token = scanner.next(); token != null; token = scanner.next()) {
            switch (token) {
                case "{" -> {
                    scope = join(scope, name) + "\n";
                    name = "";
                }
                case "}" -> {
                    String outer = scope.isEmpty() ? "" : scope.substring(0, scope.length() - 1);
                    scope = outer.substring(0, outer.lastIndexOf('\n') + 1);
                    name = "";
                }
                case ";" -> name = "";
                default -> {
                    if (token.charAt(0) != '"') {
                        name = token;
                    } else if (!name.isEmpty()) {
                        String key = join(scope, name).replace("\n", "::");
                        values.put(key.toLowerCase(Locale.ROOT), token.substring(1));
                    }
                }
            }
        }
    }

    private static String join(String scope, String name) {
        return scope + name;
    }

    /** Gives words, quoted texts (with a leading quote as their mark) and the three punctuation marks. */
    private static final class Scanner {
        private final String text;
        private int at;

        Scanner(String text) {
            this.text = text;
        }

        String next() {
            skip();
            if (at >= text.length()) {
                return null;
            }
            char c = text.charAt(at);
            if (c == '{' || c == '}' || c == ';') {
                at++;
                return String.valueOf(c);
            }
            if (c == '"') {
                int end = text.indexOf('"', at + 1);
                end = end < 0 ? text.length() : end;
                String quoted = text.substring(at, end);
                at = end + 1;
                return quoted;
            }
            int start = at;
            while (at < text.length() && "{};\" \t\r\n".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            return text.substring(start, at);
        }

        private void skip() {
            while (at < text.length()) {
                if (Character.isWhitespace(text.charAt(at))) {
                    at++;
                } else if (text.startsWith("//", at) || text.charAt(at) == '#') {
                    int end = text.indexOf('\n', at);
                    at = end < 0 ? text.length() : end;
                } else if (text.startsWith("/*", at)) {
                    int end = text.indexOf("*/", at + 2);
                    at = end < 0 ? text.length() : end + 2;
                } else {
                    return;
                }
            }
        }
    }
}

package eu.mikelangelo.packages.debian.unit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A systemd unit file (systemd.syntax(7)): assignments by section, in order; an empty one forgets those before it. */
public final class UnitFile {
    private static final int MAX_LINES = 10_000;
    private final String name;
    private final Map<String, List<String>> values = new HashMap<>();

    /** @param name {@code nginx.service} */
    public UnitFile(String name) {
        this.name = name;
    }

    public String name() {
        return name;
    }

    /** Without its suffix. */
    public String stem() {
        return name.substring(0, name.lastIndexOf('.') < 0 ? name.length() : name.lastIndexOf('.'));
    }

    /** Adds a file: the unit itself, then its drop-ins in their order. */
    public UnitFile add(String text) {
        String section = "";
        StringBuilder pending = new StringBuilder();
        int lines = 0;
        for (String raw : text.split("\n", -1)) {
            String line = raw.strip();
            if (++lines > MAX_LINES) {
                break;
            }
            if (line.startsWith("#") || line.startsWith(";")) {
                continue;
            }
            if (line.endsWith("\\")) {
                pending.append(line, 0, line.length() - 1).append(' ');
                continue;
            }
            String whole = pending.append(line).toString().strip();
            pending.setLength(0);
            int equals = whole.indexOf('=');
            if (whole.startsWith("[") && whole.endsWith("]")) {
                section = whole.substring(1, whole.length() - 1);
            } else if (equals > 0) {
                set(section + "." + whole.substring(0, equals).strip(), whole.substring(equals + 1).strip());
            }
        }
        return this;
    }

    private void set(String key, String value) {
        List<String> list = values.computeIfAbsent(key, k -> new ArrayList<>());
        if (value.isEmpty()) {
            list.clear();
        } else {
            list.add(value);
        }
    }

    /** All values of {@code Section.Key}. */
    public List<String> all(String key) {
        return values.getOrDefault(key, List.of());
    }

    /** The last value of {@code Section.Key}, or the default. */
    public String last(String key, String otherwise) {
        List<String> list = all(key);
        return list.isEmpty() ? otherwise : list.getLast();
    }

    /** The blank-separated words of all values of a key. */
    public List<String> words(String key) {
        List<String> words = new ArrayList<>();
        for (String value : all(key)) {
            words.addAll(split(value));
        }
        return words;
    }

    /** Words as systemd splits them (systemd.syntax(7), Quoting): both quotes, C escapes. */
    public static List<String> split(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = null;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote == 0 && Character.isWhitespace(c)) {
                if (word != null) {
                    words.add(word.toString());
                    word = null;
                }
                continue;
            }
            word = word == null ? new StringBuilder() : word;
            if (quote != 0 && c == quote) {
                quote = 0;
            } else if (quote == 0 && (c == '"' || c == '\'')) {
                quote = c;
            } else if (c == '\\' && i + 1 < text.length()) {
                i = escape(text, i + 1, word);
            } else {
                word.append(c);
            }
        }
        if (word != null) {
            words.add(word.toString());
        }
        return words;
    }

    private static int escape(String text, int at, StringBuilder word) {
        char c = text.charAt(at);
        switch (c) {
            case 'n' -> word.append('\n');
            case 't' -> word.append('\t');
            case 's' -> word.append(' ');
            case 'x' -> {
                if (at + 2 < text.length() && text.substring(at + 1, at + 3).matches("[0-9a-fA-F]{2}")) {
                    word.append((char) Integer.parseInt(text.substring(at + 1, at + 3), 16));
                    return at + 2;
                }
                word.append("\\x");
            }
            case '\\', '"', '\'' -> word.append(c);
            default -> word.append('\\').append(c);
        }
        return at;
    }

    /** Fills in {@code %n %N %p %i %t %S %L %C %E %h %u %%}; unknown ones stay. */
    public String specifiers(String text, String user, String home) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        String stem = stem();
        int instance = stem.indexOf('@');
        String prefix = instance < 0 ? stem : stem.substring(0, instance);
        StringBuilder result = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '%' || i + 1 == text.length()) {
                result.append(c);
                continue;
            }
            char s = text.charAt(++i);
            result.append(switch (s) {
                case 'n' -> name;
                case 'N' -> stem;
                case 'p', 'P' -> prefix;
                case 'i', 'I', 'j' -> instance < 0 ? "" : stem.substring(instance + 1);
                case 't' -> "/run";
                case 'S' -> "/var/lib";
                case 'L' -> "/var/log";
                case 'C' -> "/var/cache";
                case 'E' -> "/etc";
                case 'T' -> "/tmp";
                case 'V' -> "/var/tmp";
                case 'h' -> home;
                case 'u' -> user;
                case '%' -> "%";
                default -> "%" + s;
            });
        }
        return result.toString();
    }
}

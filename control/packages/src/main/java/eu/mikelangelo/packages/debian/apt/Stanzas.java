package eu.mikelangelo.packages.debian.apt;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads Debian control data (deb822): stanzas of {@code Field: value}, continuation lines begin with a blank, comment
 * lines with {@code #}. Field names are given in lower case. Reads forward only, so an index of 60 MB needs no memory.
 */
public final class Stanzas {
    /** Longer than any real line or field; a file beyond it is refused. */
    static final int MAX_FIELD = 8 << 20;
    private final BufferedReader in;
    private String name;
    private final StringBuilder value = new StringBuilder();

    public Stanzas(Reader in) {
        this.in = in instanceof BufferedReader buffered ? buffered : new BufferedReader(in, 1 << 16);
    }

    /** All stanzas of a short text. */
    public static List<Map<String, String>> all(String text) throws IOException {
        Stanzas stanzas = new Stanzas(new StringReader(text));
        List<Map<String, String>> result = new ArrayList<>();
        for (Map<String, String> stanza = stanzas.next(); stanza != null; stanza = stanzas.next()) {
            result.add(stanza);
        }
        return result;
    }

    /** The next stanza, or null at the end. Continuation lines keep their newline, a lone "." becomes an empty line. */
    public Map<String, String> next() throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        name = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.isBlank()) {
                if (name != null) {
                    break;
                }
            } else if (line.charAt(0) == '#') {
                continue;
            } else if (line.charAt(0) == ' ' || line.charAt(0) == '\t') {
                continuation(line);
            } else {
                finish(fields);
                start(line);
            }
        }
        finish(fields);
        return fields.isEmpty() ? null : fields;
    }

    private void continuation(String line) throws IOException {
        if (name == null) {
            throw new IOException("a continuation line before any field: " + cut(line));
        }
        if (value.length() + line.length() > MAX_FIELD) {
            throw new IOException("field " + name + " is longer than " + MAX_FIELD + " characters");
        }
        String rest = line.substring(1);
        value.append('\n').append(rest.strip().equals(".") ? "" : rest.stripTrailing());
    }

    private void start(String line) throws IOException {
        int colon = line.indexOf(':');
        if (colon <= 0 || line.length() > MAX_FIELD) {
            throw new IOException("expected \"Field: value\", found: " + cut(line));
        }
        name = line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
        value.setLength(0);
        value.append(line.substring(colon + 1).strip());
    }

    private void finish(Map<String, String> fields) {
        if (name != null) {
            fields.put(name, value.toString());
        }
    }

    private static String cut(String line) {
        return line.length() > 60 ? line.substring(0, 60) + "…" : line;
    }
}

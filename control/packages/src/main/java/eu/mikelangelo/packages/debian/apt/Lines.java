package eu.mikelangelo.packages.debian.apt;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The format of our own caches: records of fields, one record a line, fields separated by tabs; backslash, tab, newline
 * and carriage return are escaped. Read many times faster than YAML or JSON by a JVM that has just started.
 */
public final class Lines {
    private final StringBuilder text = new StringBuilder();

    /** Appends one record. */
    public Lines add(Object... fields) {
        for (int i = 0; i < fields.length; i++) {
            if (i > 0) {
                text.append('\t');
            }
            escape(String.valueOf(fields[i]));
        }
        text.append('\n');
        return this;
    }

    private void escape(String field) {
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            switch (c) {
                case '\\' -> text.append("\\\\");
                case '\t' -> text.append("\\t");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                default -> text.append(c);
            }
        }
    }

    @Override
    public String toString() {
        return text.toString();
    }

    /** The records of a text that {@link #add} made; an unfinished last line is an error, for it was cut. */
    public static List<String[]> parse(String text) throws IOException {
        List<String[]> records = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf('\n', at);
            if (end < 0) {
                throw new IOException("the file was cut in its last line");
            }
            records.add(fields(text, at, end));
            at = end + 1;
        }
        return records;
    }

    private static String[] fields(String text, int from, int end) throws IOException {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        for (int i = from; i < end; i++) {
            char c = text.charAt(i);
            if (c == '\t') {
                fields.add(field.toString());
                field.setLength(0);
            } else if (c == '\\') {
                if (++i == end) {
                    throw new IOException("a line ends in a backslash");
                }
                field.append(switch (text.charAt(i)) {
                    case '\\' -> '\\';
                    case 't' -> '\t';
                    case 'n' -> '\n';
                    case 'r' -> '\r';
                    default -> throw new IOException("unknown escape \\" + text.charAt(i));
                });
            } else {
                field.append(c);
            }
        }
        fields.add(field.toString());
        return fields.toArray(String[]::new);
    }
}

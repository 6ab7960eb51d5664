package eu.mikelangelo.cli;

import java.util.Map;

/** Colours, for terminals that have them and people who want them (NO_COLOR, no-color.org); else plain text. */
public record Style(boolean on) {
    static Style of(boolean terminal, Map<String, String> env) {
        String term = env.getOrDefault("TERM", "");
        return new Style(terminal && !term.isEmpty() && !term.equals("dumb")
                && env.getOrDefault("NO_COLOR", "").isEmpty());
    }

    public String bold(String text) {
        return with("1", text);
    }

    public String red(String text) {
        return with("1;31", text);
    }

    public String green(String text) {
        return with("32", text);
    }

    public String dim(String text) {
        return with("2", text);
    }

    private String with(String code, String text) {
        return on && !text.isEmpty() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}

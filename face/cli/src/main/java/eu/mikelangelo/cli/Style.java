package eu.mikelangelo.cli;

import java.util.Map;

/** Colours, for terminals that have them and people who want them (NO_COLOR, no-color.org); else plain text. */
public record Style(boolean on) {
    static Style of(boolean terminal, Map<String, String> env) {
        return new Style(terminal && !dumb(env) && env.getOrDefault("NO_COLOR", "").isEmpty());
    }

    /** Whether the terminal can only print: no cursor, no colours. */
    static boolean dumb(Map<String, String> env) {
        String term = env.getOrDefault("TERM", "");
        return term.isEmpty() || term.equals("dumb");
    }

    public String bold(String text) {
        return with("1", text);
    }

    public String red(String text) {
        return with("1;31", text);
    }

    private String with(String code, String text) {
        return on && !text.isEmpty() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}

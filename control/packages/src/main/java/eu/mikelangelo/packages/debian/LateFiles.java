package eu.mikelangelo.packages.debian;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The script that starts a server whose environment files are there only when the machine runs ({@link Maintainer}).
 * Its own words are the program and, where the user gave some, the arguments: else it expands the unit's.
 */
final class LateFiles {
    static final String PATH = "/usr/lib/mikelangelo/start";
    private static final Pattern SPECIAL = Pattern.compile("\\$\\$|\\$\\{[A-Za-z_][A-Za-z0-9_]*}|[$\"`\\\\]");

    private LateFiles() { }

    /** @param template the unit's words in the form of {@code Start.args}, without the program */
    static String script(List<String> files, List<String> template) {
        StringBuilder text = new StringBuilder(Maintainer.resource("environment.sh"));
        files.forEach(file -> text.append("environment '").append(file.replace("'", "'\\''")).append("'\n"));
        text.append("[ $# -eq 1 ] || exec \"$@\"\n")
                .append("# A value that becomes words is split, and no more.\nset -f\nexec \"$1\"");
        template.forEach(word -> text.append(' ').append(quoted(word)));
        return text.append('\n').toString();
    }

    private static String quoted(String word) {
        if (word.matches("\\$[A-Za-z_][A-Za-z0-9_]*")) {
            return word;
        }
        Matcher matcher = SPECIAL.matcher(word);
        StringBuilder out = new StringBuilder("\"");
        while (matcher.find()) {
            String found = matcher.group();
            String shell = found.equals("$$") ? "\\$" : found.length() == 1 ? "\\" + found : found;
            matcher.appendReplacement(out, Matcher.quoteReplacement(shell));
        }
        return matcher.appendTail(out).append('"').toString();
    }
}

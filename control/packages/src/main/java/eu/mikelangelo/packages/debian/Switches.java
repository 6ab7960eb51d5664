package eu.mikelangelo.packages.debian;

import java.util.Collection;
import java.util.Locale;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Switches like {@code START_DAEMON=no} in the files of /etc/default: who runs a machine of a package wants its server
 * started. Only those that start a server: other variables that are off (ENABLE_TLS, RUN_AS_ROOT) have their reasons.
 */
final class Switches {
    private final String pattern;

    /** @param daemons names of packages and of files in /etc/default and /etc/init.d */
    Switches(Collection<String> daemons) {
        TreeSet<String> names = new TreeSet<>();
        names.add("DAEMON");
        for (String daemon : daemons) {
            String name = daemon.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]+", "_");
            names.add(name);
            names.add(name + "D");
        }
        pattern = "((START|RUN|ENABLED|(START|RUN|ENABLE)_(" + String.join("|", names)
                + "))=([\"']?))(no|false|0)(\\5[ \t]*)";
    }

    /** A whole line, for Java and for sed -E, without regard to case: groups 1 and 7 stay, 6 is the value. */
    String pattern() {
        return pattern;
    }

    /** The text with its switches on. */
    String on(String text) {
        Matcher matcher = Pattern.compile("(?mi)^" + pattern + "$").matcher(text);
        return matcher.replaceAll(found -> Matcher.quoteReplacement(found.group(1)
                + switch (found.group(6).toLowerCase(Locale.ROOT)) {
                    case "no" -> "yes";
                    case "false" -> "true";
                    default -> "1";
                } + found.group(7)));
    }
}

package eu.mikelangelo.packages.debian;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Debian's servers often listen on the loopback until an administrator has secured them. In a machine of its own nobody
 * could ever reach such a server; so addresses to listen on become all addresses where that is said plainly. From
 * outside only published ports are reached, but every machine on the same plane reaches all. What is not plain stays,
 * with a warning ({@link Checks}).
 */
final class Loopback {
    private static final String KEY = "(?:(?:listen|bind)(?:[_-]?(?:addr(?:ess)?(?:es)?|ip|on|host|interface))?s?"
            + "|local(?:[_-]?(?:addr(?:ess)?(?:es)?|ip|on|interface))?s?)";
    /** Where an administrator comes in, or a client goes out from: no address of the service itself. */
    private static final String OTHERS = "(?![\\s-]*[a-z0-9_.-]*(?:admin|rndc|control|manage|source|client|outgoing|"
            + "smtp_bind))";
    /** A whole line {@code KEY = 127.0.0.1}, with one address, maybe a port behind it; or shell's NAME_LISTEN_ADDR=. */
    private static final Pattern LINE = Pattern.compile("(?i)" + OTHERS + "(\\s*(?:[a-z0-9_.-]*[_.-])?" + KEY
            + "\\s*[ \\t=:]\\s*[\"'(]?)(?:127\\.0\\.0\\.1|localhost)(,\\s*(?:::1|\\[::1]))?"
            + "([\"')]?(?::[0-9]+)?[\"')]?\\s*[;,]?\\s*(?:#.*)?)");
    private static final Pattern OPTION = Pattern.compile("(?i)-l|-b|" + OTHERS + "--?(?:[a-z-]*-)?" + KEY);
    private static final Pattern JOINED = Pattern.compile("(?i)" + OTHERS + "(-l|--?(?:[a-z-]*-)?" + KEY
            + "=)(?:127\\.0\\.0\\.1|localhost)(:[0-9]+)?");

    private Loopback() { }

    /** The text with its plain lines opened; the same text when there is none. */
    static String open(String text) {
        StringBuilder out = new StringBuilder();
        for (String line : text.split("(?<=\n)")) {
            String plain = line.endsWith("\n") ? line.substring(0, line.length() - 1) : line;
            Matcher matcher = plain.length() < 300 ? LINE.matcher(plain) : null;
            out.append(matcher != null && matcher.matches()
                    ? matcher.group(1) + "0.0.0.0" + matcher.group(3) + line.substring(plain.length()) : line);
        }
        return out.toString();
    }

    /** A command line with its plain options opened: {@code -l 127.0.0.1}, {@code --listen=localhost}. */
    static List<String> open(List<String> words) {
        List<String> out = new ArrayList<>(words);
        for (int i = 1; i < out.size(); i++) {
            Matcher joined = JOINED.matcher(out.get(i));
            if (joined.matches()) {
                out.set(i, joined.group(1) + "0.0.0.0" + (joined.group(2) == null ? "" : joined.group(2)));
            } else if (OPTION.matcher(out.get(i - 1)).matches()
                    && out.get(i).matches("(?i)(127\\.0\\.0\\.1|localhost)(:[0-9]+)?")) {
                out.set(i, out.get(i).replaceFirst("(?i)127\\.0\\.0\\.1|localhost", "0.0.0.0"));
            }
        }
        return out;
    }
}

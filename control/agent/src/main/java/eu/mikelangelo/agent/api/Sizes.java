package eu.mikelangelo.agent.api;

import eu.mikelangelo.base.Failure;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Amounts of memory and files as people type and read them; units are powers of 1024. */
public final class Sizes {
    private static final Pattern FORM = Pattern.compile("(\\d{1,12})\\s*([kKmMgGtT]?)(?:i?[bB])?");

    private Sizes() { }

    /** Bytes of "256M", "1G", "512MiB"; a bare number is MiB, as in QEMU's -m. @throws Failure BAD_INPUT */
    public static long memory(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"" + text + "\" is not an amount of memory",
                    "try 256M or 1G");
        }
        int shift = switch (form.group(2).toLowerCase(Locale.ROOT)) {
            case "k" -> 10;
            case "g" -> 30;
            case "t" -> 40;
            default -> 20;
        };
        long number = Long.parseLong(form.group(1));
        if (number > Long.MAX_VALUE >> shift) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"" + text + "\" is more memory than there is", "");
        }
        return number << shift;
    }

    /** The largest unit that keeps it exact below three digits: 268435456 gives "256M", 1500000 gives "1.4M". */
    public static String human(long bytes) {
        if (bytes < 1024) {
            return bytes + "B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < 3) {
            value /= 1024;
            unit++;
        }
        String number = value >= 10 || value == Math.rint(value) ? Long.toString(Math.round(value))
                : String.format(Locale.ROOT, "%.1f", value);
        return number + "KMGT".charAt(unit);
    }

    /** Seconds as "42s", "5m", "3h", "12d". */
    public static String duration(long seconds) {
        if (seconds < 120) {
            return Math.max(0, seconds) + "s";
        }
        if (seconds < 7200) {
            return seconds / 60 + "m";
        }
        return seconds < 172_800 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
    }
}

package eu.mikelangelo.cli.io;

import java.util.Locale;

/** Numbers in little room; the width of each form is a promise to the screen's columns. */
final class Amounts {
    private static final String COUNTS = " kMGT";
    private static final String[] TIMES = {"n", "u", "m", "s"};

    private Amounts() { }

    /** Five characters at most: "9999", "12.3k", "123k", "1.2M". */
    static String count(double value) {
        if (value < 9999.5) {
            return value > 0 && value < 9.95 ? plain(value) : String.format(Locale.ROOT, "%.0f", value);
        }
        int unit = 0;
        double scaled = value;
        while (scaled >= 999.5 && unit < COUNTS.length() - 1) {
            scaled /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, scaled < 99.95 ? "%.1f%c" : "%.0f%c", scaled, COUNTS.charAt(unit));
    }

    /** One digit behind the point, but "3" for 3.0. */
    private static String plain(double value) {
        return Math.abs(value - Math.rint(value)) < 0.05 ? Long.toString(Math.round(value))
                : String.format(Locale.ROOT, "%.1f", value);
    }

    /** Six characters at most, in thousands: "0.0", "1234.5", "123456". */
    static String kilo(double value) {
        return String.format(Locale.ROOT, value < 9_999_950 ? "%.1f" : "%.0f", value / 1000);
    }

    /** Five characters at most: bits per second in units of 10^9. */
    static String giga(double bits) {
        double value = bits / 1e9;
        return String.format(Locale.ROOT, value < 99.995 ? "%.2f" : value < 999.95 ? "%.1f" : "%.0f", value);
    }

    /** Four characters at most: "512n", "1.2u", "123u", "12m", "1.2s"; "-" for none. */
    static String time(double ns) {
        if (ns <= 0) {
            return "-";
        }
        int unit = 0;
        double value = ns;
        while (value >= 999.5 && unit < TIMES.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, value < 9.95 && unit > 0 ? "%.1f%s" : "%.0f%s", Math.min(value, 999),
                TIMES[unit]);
    }

    /** "12.3%"; "-" for what is no number. */
    static String percent(double share) {
        return Double.isFinite(share) ? String.format(Locale.ROOT, "%.1f%%", 100 * share) : "-";
    }

    /** A mean: "31.9"; "-" without parts. */
    static String ratio(double sum, double parts) {
        return parts > 0 ? String.format(Locale.ROOT, "%.1f", sum / parts) : "-";
    }
}

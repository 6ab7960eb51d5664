package eu.mikelangelo.examples.cache;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A map, a clock and the rules of protocol.txt, as plainly as possible. */
final class Model {
    /** What strtoull takes, and behind a blank anything, as memcached has it. */
    private static final Pattern NUMERIC = Pattern.compile("[ \\t-\\r]*([+-]?)([0-9]+)([ \\t-\\r].*)?", Pattern.DOTALL);
    private static final BigInteger MODULUS = BigInteger.TWO.pow(64);
    final Map<String, Entry> entries = new HashMap<>();
    long now;
    long number;

    /** What it knows of a key. */
    record Entry(String value, int flags, long expiry, long number) { }

    /** @param now Unix time, in seconds */
    Model(long now) {
        this.now = now;
    }

    Entry live(String key) {
        Entry entry = entries.get(key);
        if (entry != null && entry.expiry() != 0 && entry.expiry() <= now) {
            entries.remove(key);
            return null;
        }
        return entry;
    }

    String store(String command, String key, String value, int flags, int time, long cas) {
        Entry old = live(key);
        long expiry = time == 0 ? 0 : now + time;
        boolean present = old != null;
        switch (command) {
            case "add" -> {
                if (present) {
                    return "NOT_STORED\r\n";
                }
            }
            case "replace", "append", "prepend" -> {
                if (!present) {
                    return "NOT_STORED\r\n";
                }
            }
            case "cas" -> {
                if (!present || old.number() != cas) {
                    return present ? "EXISTS\r\n" : "NOT_FOUND\r\n";
                }
            }
            default -> { }
        }
        number++;
        entries.put(key, switch (command) {
            case "append" -> new Entry(old.value() + value, old.flags(), old.expiry(), number);
            case "prepend" -> new Entry(value + old.value(), old.flags(), old.expiry(), number);
            default -> new Entry(value, flags, expiry, number);
        });
        return "STORED\r\n";
    }

    String get(String key) {
        Entry entry = live(key);
        return (entry == null ? "" : "VALUE " + key + " " + entry.flags() + " " + entry.value().length() + " "
                + entry.number() + "\r\n" + entry.value() + "\r\n") + "END\r\n";
    }

    String count(String key, boolean up, long delta) {
        Entry entry = live(key);
        if (entry == null) {
            return "NOT_FOUND\r\n";
        }
        Matcher matched = NUMERIC.matcher(entry.value());
        BigInteger was = matched.matches() ? new BigInteger(matched.group(2)) : MODULUS;
        if (was.compareTo(MODULUS) >= 0 || matched.group(1).equals("-") && was.signum() != 0) {
            return "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
        }
        BigInteger by = BigInteger.valueOf(delta);
        String text = (up ? was.add(by).mod(MODULUS) : was.subtract(by).max(BigInteger.ZERO)).toString();
        String padded = text + " ".repeat(Math.max(0, entry.value().length() - text.length()));
        entries.put(key, new Entry(padded, entry.flags(), entry.expiry(), ++number));
        return text + "\r\n";
    }
}

package eu.mikelangelo.examples.cache;

import java.util.HashMap;
import java.util.Map;

/** A map, a clock and the rules of protocol.txt, as plainly as possible. */
final class Model {
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
        String digits = entry.value().strip();
        if (!digits.matches("[0-9]{1,18}")) {
            return "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
        }
        long sum = up ? Long.parseLong(digits) + delta : Math.max(0, Long.parseLong(digits) - delta);
        String text = String.valueOf(sum);
        String padded = text + " ".repeat(Math.max(0, entry.value().length() - text.length()));
        entries.put(key, new Entry(padded, entry.flags(), entry.expiry(), ++number));
        return text + "\r\n";
    }
}

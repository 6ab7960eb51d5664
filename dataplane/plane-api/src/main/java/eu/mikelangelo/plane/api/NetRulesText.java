package eu.mikelangelo.plane.api;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * {@link NetRules} as people type them: words with commas between, {@code vlan=10,rate=10M,isolated}.
 *
 * <p>Rates are bits a second and frames a second, with k, M, G and T for powers of 1000; bursts are bytes, with powers
 * of 1024. {@code rate}, {@code pps} and {@code burst} alone are of what the port sends; with {@code rx-} before them
 * of what it is sent, with {@code machine-} and {@code machine-rx-} of all ports of its machine together, with {@code
 * storm-} of what it sends to everyone.
 */
public final class NetRulesText {
    /** The words, for messages and help. */
    public static final String WORDS = "vlan=N, trunk=N+N-M, native=N, group=NAME, isolated, promiscuous, rate=BITS, "
            + "pps=FRAMES, burst=BYTES (alone what it sends; also rx-rate, machine-rate, machine-rx-rate, storm-rate "
            + "and so on), machine=NAME, copies=N, queues=N";

    private static final List<String> PREFIXES = List.of("", "rx-", "machine-", "machine-rx-", "storm-");
    private static final List<String> DIMENSIONS = List.of("rate", "pps", "burst");

    private int vlan;
    private BitSet trunk = new BitSet();
    private int nativeVlan;
    private String group = "";
    private boolean isolated;
    private boolean promiscuous;
    private String machine = "";
    private long copies;
    private int queues;
    /** In the order of {@link #PREFIXES}, then of {@link #DIMENSIONS}. */
    private final long[][] rates = new long[PREFIXES.size()][DIMENSIONS.size()];

    private NetRulesText() {}

    /** @param text empty for {@link NetRules#NONE}. @throws IllegalArgumentException naming the word that cannot be */
    public static NetRules parse(String text) {
        return text.isEmpty() ? NetRules.NONE : parse(List.of(text.split(",", -1)));
    }

    /** @throws IllegalArgumentException naming the word that cannot be, and what can */
    public static NetRules parse(List<String> words) {
        NetRulesText reader = new NetRulesText();
        Set<String> said = new HashSet<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (!said.add(name)) {
                throw new IllegalArgumentException("\"" + name + "\" is said twice");
            }
            if (!(equals < 0 ? reader.flag(name) : reader.value(word, name, word.substring(equals + 1)))) {
                throw new IllegalArgumentException("\"" + word + "\" is not one of " + WORDS);
            }
        }
        return reader.rules();
    }

    private NetRules rules() {
        NetRate[] all = new NetRate[rates.length];
        for (int i = 0; i < all.length; i++) {
            try {
                all[i] = new NetRate(rates[i][0], rates[i][1], rates[i][2]);
            } catch (IllegalArgumentException bad) {
                throw new IllegalArgumentException(PREFIXES.get(i) + bad.getMessage(), bad);
            }
        }
        return new NetRules(vlan, trunk, nativeVlan, group, isolated, promiscuous, machine, all[0], all[1], all[2],
                all[3], all[4], copies, queues);
    }

    private boolean flag(String name) {
        switch (name) {
            case "isolated" -> isolated = true;
            case "promiscuous" -> promiscuous = true;
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean value(String word, String name, String value) {
        switch (name) {
            case "vlan" -> vlan = vlan(word, value);
            case "trunk" -> trunk = vlans(word, value);
            case "native" -> nativeVlan = vlan(word, value);
            case "group" -> group = named(word, value);
            case "machine" -> machine = named(word, value);
            case "copies" -> copies = amount(word, value, 1000, "copies a second, as 5000 or 100k");
            case "queues" -> queues = queues(word, value);
            default -> {
                return rate(word, name, value);
            }
        }
        return true;
    }

    private boolean rate(String word, String name, String value) {
        for (int prefix = 0; prefix < PREFIXES.size(); prefix++) {
            for (int dimension = 0; dimension < DIMENSIONS.size(); dimension++) {
                if (name.equals(PREFIXES.get(prefix) + DIMENSIONS.get(dimension))) {
                    rates[prefix][dimension] = switch (dimension) {
                        case 0 -> amount(word, value, 1000, "bits a second, as 500k, 10M or 2.5G (1k to 1T)");
                        case 1 -> amount(word, value, 1000, "frames a second, as 800 or 50k (1 to 1G)");
                        default -> amount(word, value, 1024, "bytes, as 64K or 1M (1 to 256M)");
                    };
                    return true;
                }
            }
        }
        return false;
    }

    private static long amount(String word, String value, int base, String what) {
        long amount = Amounts.parse(value, base);
        if (amount <= 0) {
            throw new IllegalArgumentException("\"" + word + "\": " + what + " is expected");
        }
        return amount;
    }

    private static String named(String word, String value) {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("\"" + word + "\": a name is expected");
        }
        return value;
    }

    private static int vlan(String word, String value) {
        if (!value.matches("[0-9]{1,4}") || Integer.parseInt(value) < 1
                || Integer.parseInt(value) > NetRules.MOST_VLAN) {
            throw new IllegalArgumentException("\"" + word + "\": a VLAN is 1 to " + NetRules.MOST_VLAN);
        }
        return Integer.parseInt(value);
    }

    private static int queues(String word, String value) {
        if (!value.matches("[1-" + NetRules.MOST_QUEUES + "]")) {
            throw new IllegalArgumentException("\"" + word + "\": queue pairs are 1 to " + NetRules.MOST_QUEUES);
        }
        return Integer.parseInt(value);
    }

    private static BitSet vlans(String word, String value) {
        BitSet set = new BitSet();
        for (String part : value.split("\\+", -1)) {
            int dash = part.indexOf('-');
            int from = vlan(word, dash < 0 ? part : part.substring(0, dash));
            int to = dash < 0 ? from : vlan(word, part.substring(dash + 1));
            if (to < from) {
                throw new IllegalArgumentException("\"" + word + "\": " + part + " ends before it begins");
            }
            set.set(from, to + 1);
        }
        return set;
    }

    /** @return what {@link #parse} reads as the same; the same for equal rules */
    public static String of(NetRules rules) {
        List<String> words = new ArrayList<>();
        say(words, "vlan", rules.vlan(), 1);
        if (!rules.trunk().isEmpty()) {
            words.add("trunk=" + text(rules.trunk()));
        }
        say(words, "native", rules.nativeVlan(), 1);
        if (!rules.group().isEmpty()) {
            words.add("group=" + rules.group());
        }
        if (rules.isolated()) {
            words.add("isolated");
        }
        if (rules.promiscuous()) {
            words.add("promiscuous");
        }
        if (!rules.machine().isEmpty()) {
            words.add("machine=" + rules.machine());
        }
        NetRate[] all = {rules.tx(), rules.rx(), rules.machineTx(), rules.machineRx(), rules.storm()};
        for (int i = 0; i < all.length; i++) {
            say(words, PREFIXES.get(i) + "rate", all[i].bits(), 1000);
            say(words, PREFIXES.get(i) + "pps", all[i].frames(), 1000);
            say(words, PREFIXES.get(i) + "burst", all[i].burst(), 1024);
        }
        say(words, "copies", rules.copies(), 1000);
        say(words, "queues", rules.queues(), 1);
        return String.join(",", words);
    }

    /** @param base of the units; 1 for a plain number */
    private static void say(List<String> words, String name, long value, int base) {
        if (value != 0) {
            words.add(name + "=" + (base == 1 ? Long.toString(value) : Amounts.text(value, base)));
        }
    }

    private static String text(BitSet vlans) {
        StringBuilder text = new StringBuilder();
        for (int from = vlans.nextSetBit(0); from >= 0;) {
            int end = vlans.nextClearBit(from);
            text.append(text.isEmpty() ? "" : "+").append(from);
            if (end > from + 1) {
                text.append('-').append(end - 1);
            }
            from = vlans.nextSetBit(end);
        }
        return text.toString();
    }
}

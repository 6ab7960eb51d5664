package eu.mikelangelo.load;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What to do, from the command line.
 *
 * @param rate operations a second, evenly spaced; 0: closed loop, as fast as the answers come
 * @param zipf skew of the keys; 0: uniform
 * @param killsPerSecond connections torn down and replaced, at random moments
 * @param cpu to pin the thread to, -1: none
 * @param serverPid process whose CPU time is measured over the counted time, 0: none
 */
record LoadOptions(String host, int port, int connections, int pipeline, double getShare, int valueBytes, int keys,
        double zipf, double rate, boolean poisson, double warmupSeconds, double seconds, boolean fill,
        double killsPerSecond, int expirySeconds, int cpu, long serverPid, long seed,
        boolean json) {

    /** Limits of one process. */
    static final int MAX_CONNECTIONS = 60_000;
    static final int MAX_PIPELINE = 10_000;
    static final int MAX_VALUE = 1 << 20;
    static final int MAX_KEYS = 100_000_000;

    static final String HELP = """
            Loads a server of memcached's text protocol from one thread and says what came of it.

              java --enable-native-access=ALL-UNNAMED -cp ... eu.mikelangelo.load.LoadMain [options]

              --host H          address of the server (127.0.0.1)
              --port P          its port (11211)
              --connections N   kept open (50)
              --pipeline N      requests under way per connection (1)
              --get-share F     share of gets among gets and sets (0.9)
              --value N         bytes of a value (64)
              --keys N          different keys (10000)
              --zipf S          skew of the keys, e.g. 0.99 (0: uniform)
              --rate N          open loop: N operations a second, evenly spaced; latencies count from the moment an
                                operation was due (0: closed loop)
              --poisson         open loop: at random intervals instead of even ones
              --warmup S        seconds before counting (1)
              --seconds S       seconds of counting (5)
              --no-fill         do not store all keys first
              --expiry S        time to live of what is stored, seconds (0: for ever)
              --kill N          connections torn down in mid-flight each second, and replaced (0)
              --cpu N           pin the thread to this core
              --server-pid N    report the CPU time, user and system, that this process used in the counted seconds
              --seed N          of all that is random (1)
              --json            one line of JSON instead of a table
              --batch           alone: each line of standard input is a command line of the above, done one after the
                                other and answered by one line of JSON; what was compiled for one serves the next
              --help            this

            Exit code: 0, or 1 when an answer was wrong, an error, or a connection was lost that we did not kill.
            """;

    /** Reads a command line. @throws IllegalArgumentException with a sentence for the user */
    static LoadOptions parse(String[] arguments) {
        Map<String, String> given = new LinkedHashMap<>();
        for (int i = 0; i < arguments.length; i++) {
            String name = arguments[i];
            switch (name) {
                case "--poisson", "--no-fill", "--json" -> given.put(name, "");
                case "--host", "--port", "--connections", "--pipeline", "--get-share", "--value", "--keys", "--zipf",
                        "--rate", "--warmup", "--seconds", "--expiry", "--kill", "--cpu", "--server-pid",
                        "--seed" -> {
                    if (i + 1 == arguments.length) {
                        throw new IllegalArgumentException(name + " needs a value");
                    }
                    given.put(name, arguments[++i]);
                }
                default -> throw new IllegalArgumentException("unknown option " + name + "; --help lists them");
            }
        }
        return new LoadOptions(given.getOrDefault("--host", "127.0.0.1"),
                (int) number(given, "--port", 11211, 1, 65_535),
                (int) number(given, "--connections", 50, 1, MAX_CONNECTIONS),
                (int) number(given, "--pipeline", 1, 1, MAX_PIPELINE),
                number(given, "--get-share", 0.9, 0, 1),
                (int) number(given, "--value", 64, 1, MAX_VALUE),
                (int) number(given, "--keys", 10_000, 1, MAX_KEYS),
                number(given, "--zipf", 0, 0, 5),
                number(given, "--rate", 0, 0, 1e8),
                given.containsKey("--poisson"),
                number(given, "--warmup", 1, 0, 3600),
                number(given, "--seconds", 5, 0.01, 86_400),
                !given.containsKey("--no-fill"),
                number(given, "--kill", 0, 0, 1e6),
                (int) number(given, "--expiry", 0, 0, Integer.MAX_VALUE),
                (int) number(given, "--cpu", -1, -1, 1023),
                (long) number(given, "--server-pid", 0, 0, 1 << 22),
                (long) number(given, "--seed", 1, Long.MIN_VALUE, Long.MAX_VALUE),
                given.containsKey("--json"));
    }

    private static double number(Map<String, String> given, String name, double normal, double least, double most) {
        String text = given.get(name);
        if (text == null) {
            return normal;
        }
        double value;
        try {
            value = Double.parseDouble(text);
        } catch (NumberFormatException wrong) {
            throw new IllegalArgumentException(name + " needs a number, not \"" + text + "\"", wrong);
        }
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException(name + " is " + text + "; it must be " + plain(least) + " to "
                    + plain(most));
        }
        return value;
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    boolean isOpen() {
        return rate > 0;
    }
}

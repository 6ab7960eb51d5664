package eu.mikelangelo.load;

import java.util.Locale;

/**
 * What came of a run.
 *
 * @param operations answered within the counted time
 * @param seconds of counted time
 * @param serverCpuSeconds that the server's process ran in it, 0 when that was not measured
 */
record Report(LoadOptions options, Tally tally, long operations, double seconds, double serverCpuSeconds) {

    double perSecond() {
        return operations / seconds;
    }

    /** One line; times in seconds. */
    String json() {
        Latencies l = tally.latencies;
        return String.format(Locale.ROOT, "{\"operations\":%d,\"seconds\":%.6f,\"perSecond\":%.1f,"
                + "\"serverCpu\":%.9f,\"gets\":%d,\"sets\":%d,"
                + "\"hits\":%d,\"misses\":%d,\"errors\":%d,\"wrong\":%d,\"lost\":%d,"
                + "\"kills\":%d,\"abandoned\":%d,"
                + "\"unsent\":%d,\"rate\":%.1f,\"connections\":%d,\"pipeline\":%d,\"mean\":%.9f,\"p50\":%.9f,"
                + "\"p90\":%.9f,\"p99\":%.9f,\"p999\":%.9f,\"max\":%.9f,\"complaint\":%s}",
                operations, seconds, perSecond(), serverCpuSeconds, tally.gets, tally.sets, tally.hits,
                tally.misses, tally.errors, tally.wrong, tally.lost, tally.kills, tally.abandoned, tally.unsent,
                options.rate(),
                options.connections(), options.pipeline(), l.mean() / 1e9, l.quantile(0.5) / 1e9,
                l.quantile(0.9) / 1e9, l.quantile(0.99) / 1e9, l.quantile(0.999) / 1e9, l.max() / 1e9,
                quoted(tally.firstComplaint));
    }

    /** As a JSON string; null as null. */
    static String quoted(String text) {
        if (text == null) {
            return "null";
        }
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    /** For people. */
    String table() {
        Latencies l = tally.latencies;
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%,d operations in %.2f s: %,.0f a second (%,d gets: "
                + "%,d hits, %,d misses; %,d sets)%n", operations, seconds, perSecond(),
                tally.gets, tally.hits, tally.misses, tally.sets));
        text.append(String.format(Locale.ROOT, "latency%s: p50 %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f us%n",
                options.isOpen() ? " from the time due" : "", l.quantile(0.5) / 1e3, l.quantile(0.9) / 1e3,
                l.quantile(0.99) / 1e3, l.quantile(0.999) / 1e3, l.max() / 1e3));
        if (serverCpuSeconds > 0) {
            text.append(String.format(Locale.ROOT, "server: %.1f %% of a core, %.3f us an operation%n",
                    serverCpuSeconds / seconds * 100, serverCpuSeconds / operations * 1e6));
        }
        if (tally.unsent > 0) {
            text.append(String.format(Locale.ROOT, "%,d operations were due and could not be sent%n", tally.unsent));
        }
        if (tally.kills > 0) {
            text.append(String.format(Locale.ROOT, "%,d connections killed with %,d requests under way%n", tally.kills,
                    tally.abandoned));
        }
        if (!tally.clean()) {
            text.append(String.format(Locale.ROOT, "%,d errors, %,d wrong answers, %,d connections lost; "
                    + "the first: %s%n", tally.errors, tally.wrong, tally.lost, tally.firstComplaint));
        }
        return text.toString();
    }
}

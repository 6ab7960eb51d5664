package eu.mikelangelo.bench.measure;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the load generator saw in one window.
 *
 * @param perSecond operations
 * @param cpuPerOperation of the server, seconds
 * @param cpuShare of its core
 * @param p99 seconds; in an open loop from when an operation was due
 */
public record Window(double perSecond, double cpuPerOperation, double cpuShare, double p99) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Reads a line of the generator. @throws IllegalStateException when answers were wrong or missing */
    public static Window parse(String line) {
        JsonNode node = JSON.readTree(line);
        if (node.has("failed")) {
            throw new IllegalStateException(node.get("failed").asString());
        }
        long operations = node.get("operations").asLong();
        for (String bad : new String[] {"errors", "wrong", "lost", "misses"}) {
            if (node.get(bad).asLong() > 0) {
                throw new IllegalStateException(node.get(bad).asLong() + " " + bad + " of " + operations
                        + " operations: " + node.get("complaint").asString());
            }
        }
        if (operations == 0) {
            throw new IllegalStateException("no operation was completed");
        }
        double cpu = node.get("serverCpu").asDouble();
        return new Window(operations / node.get("seconds").asDouble(), cpu / operations,
                cpu / node.get("seconds").asDouble(), node.get("p99").asDouble());
    }
}

package eu.mikelangelo.plane.api;

import java.util.List;

/** What the plane answers. */
public sealed interface Response {
    /** Protocol version, build and process id of the plane. */
    record Welcome(int version, String build, long pid) implements Response {}

    /** It is done. */
    record Done() implements Response {}

    /** It is not done: what failed with which value, and what to try (may be empty). */
    record Refused(String message, String hint) implements Response {}

    /** All ports. */
    record Ports(List<PortSpec> ports) implements Response {
        public Ports {
            ports = List.copyOf(ports);
        }
    }

    /** Counters per port. */
    record Stats(List<PortStats> ports) implements Response {
        public Stats {
            ports = List.copyOf(ports);
        }
    }

    /** The I/O cores. */
    record Cores(List<CoreStats> cores) implements Response {
        public Cores {
            cores = List.copyOf(cores);
        }
    }

    /**
     * One I/O core.
     *
     * @param cpu the CPU it is pinned to, or -1
     * @param ports how many ports it serves
     * @param sleeps how often it went to sleep
     */
    record CoreStats(int cpu, int ports, long sleeps) {}
}

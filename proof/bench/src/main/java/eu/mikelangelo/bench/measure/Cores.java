package eu.mikelangelo.bench.measure;

import eu.mikelangelo.linux.Cpus;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** One core for the server and one for its client, both free for us. */
public record Cores(int server, int client) {
    /** @throws IllegalStateException with fewer than two cores */
    public static Cores pick() {
        BitSet allowed = Cpus.allowed();
        if (allowed.cardinality() < 2) {
            throw new IllegalStateException("this needs two cores, one for the server and one for its client");
        }
        int server = allowed.previousSetBit(allowed.length() - 1);
        return new Cores(server, allowed.previousSetBit(server - 1));
    }

    /** The command with all its threads on one core. */
    public static List<String> pinned(int cpu, List<String> command) {
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", String.valueOf(cpu)));
        pinned.addAll(command);
        return pinned;
    }
}

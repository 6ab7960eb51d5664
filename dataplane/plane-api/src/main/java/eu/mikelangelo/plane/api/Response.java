package eu.mikelangelo.plane.api;

import java.util.Arrays;
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

    /**
     * Counters of ports and of all cores.
     *
     * @param timeNs when they were read, by the plane's monotonic clock: two answers of one plane make a rate
     */
    record Stats(long timeNs, List<CoreStats> cores, List<PortStats> ports) implements Response {
        public Stats {
            cores = List.copyOf(cores);
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
     * Captured frames, possibly none.
     *
     * @param records whole records of {@link Pcap}, at most {@link #MAX_BYTES}; not copied
     * @param frames how many they are
     * @param lost frames that this capture has lost since it began
     * @param ended the port is gone: nothing will come any more
     */
    record Captured(byte[] records, int frames, long lost, boolean ended) implements Response {
        /** Most bytes of an answer. */
        public static final int MAX_BYTES = 1 << 20;

        /** @throws IllegalArgumentException when there are more bytes */
        public Captured {
            if (records.length > MAX_BYTES) {
                throw new IllegalArgumentException(records.length + " captured bytes");
            }
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Captured that && Arrays.equals(records, that.records) && frames == that.frames
                    && lost == that.lost && ended == that.ended;
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(records) + frames;
        }
    }
}

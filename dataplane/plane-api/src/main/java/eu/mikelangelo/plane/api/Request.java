package eu.mikelangelo.plane.api;

import java.util.List;

/** What the agent asks of the plane. Each has one answer of the type named here, or {@link Response.Refused}. */
public sealed interface Request {
    /** Protocol version and build of the caller; first on every connection. Answer: {@link Response.Welcome}. */
    record Hello(int version, String build) implements Request {}

    /**
     * This connection is the agent's. When it breaks without {@link Bye}, the plane runs {@code command} (its first
     * word is a program's path) with MIKE_HOME={@code home}, detached. A later registration replaces an earlier one.
     * Answer: {@link Response.Done}.
     */
    record Register(List<String> command, String home) implements Request {
        /** Words of a command, characters of a word. */
        public static final int MAX_WORDS = 256;

        public Register {
            command = List.copyOf(command);
            if (command.isEmpty() || command.size() > MAX_WORDS) {
                throw new IllegalArgumentException("a command of " + command.size() + " words");
            }
        }
    }

    /** The agent ends on purpose: do not start it again. Answer: {@link Response.Done}. */
    record Bye() implements Request {}

    /** Serve a port; no error when an equal one exists. Answer: {@link Response.Done}. */
    record AddPort(PortSpec port) implements Request {}

    /** Stop serving a port; no error when there is none of that name. Answer: {@link Response.Done}. */
    record RemovePort(String name) implements Request {}

    /** Answer: {@link Response.Ports}. */
    record ListPorts() implements Request {}

    /** Counters of one port, or of all when {@code name} is empty. Answer: {@link Response.Stats}. */
    record GetStats(String name) implements Request {}

    /** Answer: {@link Response.Cores}. */
    record GetCores() implements Request {}

    /**
     * Begin to mirror a port's frames for this connection, which gets them by {@link ReadCapture}; the end of the
     * connection ends it. One at a time of a connection and of a port. Answer: {@link Response.Done}.
     *
     * @param name the port
     * @param snap bytes kept of each frame, 1 to {@link Pcap#MAX_SNAP}
     */
    record StartCapture(String name, int snap) implements Request {}

    /**
     * What was captured since the last time. Answer: {@link Response.Captured}.
     *
     * @param most frames at most, at least 1
     * @param waitMs how long to wait for the first, 0 to {@link #MAX_WAIT_MS}
     */
    record ReadCapture(int most, int waitMs) implements Request {
        /** Longest wait. */
        public static final int MAX_WAIT_MS = 1_000;

        /** @throws IllegalArgumentException for a number that cannot be */
        public ReadCapture {
            if (most < 1 || waitMs < 0 || waitMs > MAX_WAIT_MS) {
                throw new IllegalArgumentException("read " + most + " frames within " + waitMs + " ms");
            }
        }
    }

    /** End the plane. Guests keep running without network until another plane comes. Answer: {@link Response.Done}. */
    record Shutdown() implements Request {}
}

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

    /** End the plane. Guests keep running without network until another plane comes. Answer: {@link Response.Done}. */
    record Shutdown() implements Request {}
}

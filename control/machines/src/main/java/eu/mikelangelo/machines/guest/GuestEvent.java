package eu.mikelangelo.machines.guest;

/** What init said about its machine; one event for each status line of guest/PROTOCOL.md. */
public sealed interface GuestEvent {

    /** Init runs. @param protocol version of guest/PROTOCOL.md, 1 today */
    record Boot(int protocol) implements GuestEvent { }

    /** eth0 is up. @param address dotted IPv4 */
    record Net(String address) implements GuestEvent { }

    /** The machine starts without a network. @param reason why, in words for an operator */
    record NetNone(String reason) implements GuestEvent { }

    /** The start command was executed. @param pid in the guest */
    record Started(long pid) implements GuestEvent { }

    /** Something listens on a published port. @param protocol {@code tcp} or {@code udp} */
    record Listening(String protocol, int port) implements GuestEvent { }

    /** Something listens on a published port, but only on the guest's loopback: nobody outside can reach it. */
    record ListeningLocal(String protocol, int port) implements GuestEvent { }

    /** Started, and listening on every published port. */
    record Ready() implements GuestEvent { }

    /** Init cannot go on; an {@link Exited} with 125 to 127 follows. @param reason in words for an operator */
    record Failed(String reason) implements GuestEvent { }

    /**
     * The application ended and the machine powers off.
     *
     * @param code   exit code as a shell reports it: 0 to 255, 128 + signal for one that a signal ended
     * @param signal the signal, 0 when the application exited by itself
     */
    record Exited(int code, int signal) implements GuestEvent { }
}

package eu.mikelangelo.machines;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The control channel to a guest's init (guest/PROTOCOL.md, "Control frames"), as far as a {@link Machine} needs it.
 * Thread-safe. The protocol itself is spoken in package {@code guest}.
 */
interface GuestLink extends AutoCloseable {
    /** How links are made. */
    interface Connector {
        /**
         * Connects to a control socket; the guest need not have booted.
         *
         * @param first nobody was connected to this guest before
         */
        GuestLink connect(Path controlSocket, boolean first, Listener listener) throws IOException;

        /** Tells what the guest wrote to its status log, from its boot on. */
        void replay(Path statusLog, Listener listener) throws IOException;
    }

    /** Who hears what the guest says of itself; the same may come more than once. Must return soon. */
    interface Listener {
        void event(MachineEvent event);

        /** @param everywhere false: on the guest's loopback only */
        void listening(String protocol, int port, boolean everywhere);

        /** The link has ended. */
        void closed(String reason);
    }

    /** Waits until init has answered on this link; false when it has not within {@code limit}. */
    boolean awaitWelcome(Duration limit) throws InterruptedException;

    /** SIGTERM to the application, SIGKILL after its grace, power off. Does not wait. */
    void stop();

    void signal(int number);

    void resize(int rows, int columns);

    ExecSession exec(String user, String workdir, List<String> argv);

    void get(String path, OutputStream to) throws IOException;

    void put(InputStream from, String path, int mode) throws IOException;

    @Override
    void close();
}

package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.qemu.Qmp;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The connections to one running QEMU. Thread-safe; a machine has a new one for each run and each adoption. */
final class Live implements AutoCloseable {
    private static final Duration QMP_PATIENCE = Duration.ofSeconds(30);
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    /** What the machine wants to hear. */
    interface Listener {
        void status(String line);

        void panicked();
    }

    private final Sockets sockets;
    private final GuestLink.Connector connector;
    private final ReentrantLock linking = new ReentrantLock();
    private GuestLink link;
    private boolean closed;
    final Qmp qmp;
    final Console console;
    private final StatusFeed status;

    private Live(Sockets sockets, GuestLink.Connector connector, MachineFolder folder, Qmp qmp, Listener listener)
            throws IOException {
        this.sockets = sockets;
        this.connector = connector;
        this.qmp = qmp;
        this.console = Console.connect(sockets.console(), (rows, columns) -> guest().resize(rows, columns));
        try {
            this.status = StatusFeed.connect(sockets.status(), folder.statusLog(), listener::status);
        } catch (IOException e) {
            console.close();
            throw e;
        }
    }

    /**
     * Connects to a QEMU that may still be starting: it answers when the plane has connected.
     *
     * @param runs whether QEMU still runs
     * @throws IOException it ended, or did not answer in time
     */
    static Live connect(Sockets sockets, GuestLink.Connector connector, MachineFolder folder, BooleanSupplier runs,
                        Listener listener) throws IOException {
        Qmp qmp = qmp(sockets.qmp(), runs, event -> {
            if (event.name().equals("GUEST_PANICKED")) {
                listener.panicked();
            }
        });
        try {
            return new Live(sockets, connector, folder, qmp, listener);
        } catch (IOException | RuntimeException e) {
            qmp.close();
            throw e;
        }
    }

    private static Qmp qmp(Path socket, BooleanSupplier runs, Consumer<Qmp.Event> listener) throws IOException {
        long deadline = System.nanoTime() + QMP_PATIENCE.toNanos();
        while (true) {
            long left = deadline - System.nanoTime();
            try {
                return Qmp.connect(socket, Duration.ofNanos(Math.max(left, 1)), listener);
            } catch (IOException e) {
                // Not there yet, bound but not listening yet, or gone again.
                if (!runs.getAsBoolean() || left <= 0) {
                    throw e;
                }
                LockSupport.parkNanos(STEP_NANOS);
            }
        }
    }

    /** The link to init, made at its first use. */
    GuestLink guest() throws IOException {
        linking.lock();
        try {
            if (closed) {
                throw new Failure(Failure.Kind.CONFLICT, "the machine has ended", "");
            }
            if (link == null) {
                link = connector.connect(sockets.control());
            }
            return link;
        } finally {
            linking.unlock();
        }
    }

    @Override
    public void close() {
        linking.lock();
        try {
            closed = true;
            if (link != null) {
                link.close();
            }
        } finally {
            linking.unlock();
        }
        status.close();
        console.close();
        qmp.close();
    }
}

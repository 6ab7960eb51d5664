package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.host.Console;
import eu.mikelangelo.machines.qemu.Qmp;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** The connections to one running QEMU. Thread-safe; a machine has a new one for each run and each adoption. */
final class Live implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Live.class.getName());
    private static final Duration QMP_PATIENCE = Duration.ofSeconds(30);
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final Duration RELINK_PAUSE = Duration.ofMillis(300);
    private static final Duration ANSWER = Duration.ofSeconds(15);
    private static final Duration AFTER_GRACE = Duration.ofSeconds(3);
    private static final int SIGTERM = 15;

    private final Path control;
    private final GuestLink.Connector connector;
    private final GuestLink.Listener listener;
    private final ReentrantLock linking = new ReentrantLock();
    private GuestLink link;
    private volatile boolean closed;
    final Qmp qmp;
    final Console console;

    private Live(Sockets sockets, GuestLink.Connector connector, boolean first, Qmp qmp, GuestLink.Listener listener,
                 Runnable everyMiB) throws IOException {
        this.control = sockets.control();
        this.connector = connector;
        this.listener = listener;
        this.qmp = qmp;
        this.console = Console.connect(sockets.console(), (rows, columns) -> guest().resize(rows, columns),
                everyMiB);
        try {
            this.link = connector.connect(control, first, new Relinking());
        } catch (IOException e) {
            console.close();
            throw e;
        }
    }

    /**
     * Connects to a QEMU that may still be starting: it answers when the plane has connected.
     *
     * @param first nobody was connected to this guest before
     * @param runs  whether QEMU still runs
     * @param everyMiB called after each MiB of console output
     * @throws IOException it ended, or did not answer in time
     */
    static Live connect(Sockets sockets, GuestLink.Connector connector, boolean first, BooleanSupplier runs,
                        GuestLink.Listener listener, Runnable everyMiB) throws IOException {
        Qmp qmp = qmp(sockets.qmp(), runs);
        try {
            return new Live(sockets, connector, first, qmp, listener, everyMiB);
        } catch (IOException | RuntimeException e) {
            qmp.close();
            throw e;
        }
    }

    private static Qmp qmp(Path socket, BooleanSupplier runs) throws IOException {
        long deadline = System.nanoTime() + QMP_PATIENCE.toNanos();
        while (true) {
            long left = deadline - System.nanoTime();
            try {
                return Qmp.connect(socket, Duration.ofNanos(Math.max(left, 1)), Live::note);
            } catch (IOException e) {
                // Not there yet, bound but not listening yet, or gone again.
                if (!runs.getAsBoolean() || left <= 0) {
                    throw e;
                }
                LockSupport.parkNanos(STEP_NANOS);
            }
        }
    }

    /** A panic ends QEMU; why is found in the kernel's log then, whether or not the guest has pvpanic's driver. */
    private static void note(Qmp.Event event) {
        if (event.name().equals("GUEST_PANICKED")) {
            LOG.log(System.Logger.Level.WARNING, "a guest's kernel panicked: " + event.data());
        }
    }

    /** Links anew when a guest broke the protocol, so that we hear how it goes on. */
    private final class Relinking implements GuestLink.Listener {
        @Override
        public void event(MachineEvent event) {
            listener.event(event);
        }

        @Override
        public void listening(String protocol, int port, boolean everywhere) {
            listener.listening(protocol, port, everywhere);
        }

        @Override
        public void closed(String reason) {
            if (closed) {
                return;
            }
            Thread.ofVirtual().name("relink " + control).start(() -> {
                LockSupport.parkNanos(RELINK_PAUSE.toNanos());
                relink(reason);
            });
        }
    }

    private void relink(String reason) {
        linking.lock();
        try {
            if (!closed && !qmp.onClose().isDone()) {
                LOG.log(System.Logger.Level.WARNING, "the guest's channel " + control + " ended: " + reason);
                link = connector.connect(control, false, new Relinking());
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot reach the guest at " + control + ": " + e.getMessage());
        } finally {
            linking.unlock();
        }
    }

    /** The link to init. */
    GuestLink guest() {
        linking.lock();
        try {
            if (closed) {
                throw new Failure(Failure.Kind.CONFLICT, "the machine has ended", "");
            }
            return link;
        } finally {
            linking.unlock();
        }
    }

    /**
     * The link, once init has answered on it; right after an adoption that takes a moment.
     *
     * @throws Failure TIMEOUT when it does not answer
     */
    GuestLink answering() {
        long deadline = System.nanoTime() + ANSWER.toNanos();
        try {
            while (System.nanoTime() - deadline < 0) {
                GuestLink asked = guest();
                try {
                    if (asked.awaitWelcome(RELINK_PAUSE)) {
                        return asked;
                    }
                } catch (Failure e) {
                    Thread.sleep(RELINK_PAUSE); // this link has ended; Relinking makes another
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new Failure(Failure.Kind.TIMEOUT, "init in the guest did not answer within " + ANSWER.toSeconds() + " s",
                "see the machine's kernel log");
    }

    /**
     * The polite end: SIGTERM to the application, then power off, then QMP quit. What comes after is SIGKILL.
     *
     * @param phase in which the stop was asked for: before the application runs there is nobody to say goodbye
     * @param grace how long the application may take; null: the spec's, which init counts as well
     * @return whether the machine has ended
     */
    boolean farewell(MachineSpec spec, KeptState kept, MachineState.Phase phase, Duration grace) {
        Duration patience = grace != null ? grace : Duration.ofSeconds(spec.graceSeconds()).plus(AFTER_GRACE);
        if (phase != MachineState.Phase.STARTING && askGuest(spec, grace == null)
                && endedWithin(kept, patience)) {
            return true;
        }
        return quit() && kept.awaitEnd(AFTER_GRACE).isPresent();
    }

    /** Whether the application ends in time; the power-off after it has its own time. */
    private static boolean endedWithin(KeptState kept, Duration patience) {
        return kept.await(patience, now -> now.exit() != null || !now.phase().live()).isPresent()
                && kept.awaitEnd(AFTER_GRACE).isPresent();
    }

    /** @param ownGrace init counts the machine's own grace and kills then; else we count, and it must not */
    private boolean askGuest(MachineSpec spec, boolean ownGrace) {
        try {
            if (ownGrace) {
                guest().stop();
            } else {
                guest().signal(SIGTERM);
            }
            return true;
        } catch (Failure e) {
            LOG.log(System.Logger.Level.WARNING, spec.name() + " cannot be asked to stop: " + e.getMessage());
            return false;
        }
    }

    private boolean quit() {
        try {
            qmp.quit();
            return true;
        } catch (IOException | Failure e) {
            return false;
        }
    }

    @Override
    public void close() {
        linking.lock();
        try {
            closed = true;
            link.close();
        } finally {
            linking.unlock();
        }
        console.close();
        qmp.close();
    }
}

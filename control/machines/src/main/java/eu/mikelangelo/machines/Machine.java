package eu.mikelangelo.machines;

import eu.mikelangelo.base.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One machine, supervised while it lives. Thread-safe; start, stop and kill of one machine exclude each other. Every
 * method that meets a wrong state throws {@link eu.mikelangelo.base.Failure} CONFLICT.
 */
public final class Machine {
    private Machine() { }

    public MachineSpec spec() {
        throw new UnsupportedOperationException("soon");
    }

    /** As it is now. */
    public MachineState state() {
        throw new UnsupportedOperationException("soon");
    }

    /**
     * Starts QEMU and passt and hands the port to the plane; returns when QEMU runs the guest (long before it is ready).
     * Allowed in CREATED, EXITED and FAILED.
     *
     * @throws eu.mikelangelo.base.Failure UNAVAILABLE program missing; CONFLICT host port taken; GUEST QEMU died at once
     */
    public void start(Progress progress) {
        throw new UnsupportedOperationException("soon");
    }

    /**
     * Returns when the guest said "ready": the application runs and listens on every published port.
     *
     * @throws eu.mikelangelo.base.Failure TIMEOUT naming the ports that nobody listens on; GUEST with the last lines of
     *         the console when the machine ended first
     */
    public void awaitReady(Duration limit) {
        throw new UnsupportedOperationException("soon");
    }

    /** Waits for EXITED or FAILED; empty when {@code limit} passed first. {@link #state()} has the details. */
    public Optional<MachineState> awaitEnd(Duration limit) {
        throw new UnsupportedOperationException("soon");
    }

    /**
     * Stops it: SIGTERM to the application, after the grace SIGKILL and power off, then QMP quit, then SIGKILL to QEMU.
     * Returns when it is over; at once if it is not live.
     *
     * @param grace null: the spec's, else the image's
     */
    public void stop(Duration grace) {
        throw new UnsupportedOperationException("soon");
    }

    /** Ends QEMU at once; the state becomes EXITED by signal 9. Returns when it is over. */
    public void kill() {
        throw new UnsupportedOperationException("soon");
    }

    /** Sends a signal to the application. */
    public void signal(int number) {
        throw new UnsupportedOperationException("soon");
    }

    /** Joins the application's console; many may. */
    public Attachment attach() {
        throw new UnsupportedOperationException("soon");
    }

    /**
     * Runs a command in the guest.
     *
     * @param user    "" for the application's, else uid or uid:gid
     * @param workdir "" for the application's
     * @param argv    the command and its words
     */
    public ExecSession exec(String user, String workdir, List<String> argv) {
        throw new UnsupportedOperationException("soon");
    }

    /** Copies a file of the guest. */
    public void copyOut(String guestPath, OutputStream to) throws IOException {
        throw new UnsupportedOperationException("soon");
    }

    /** Writes a file of the guest (beside it, then renamed). */
    public void copyIn(InputStream from, String guestPath, int mode) throws IOException {
        throw new UnsupportedOperationException("soon");
    }

    /** What {@code inspect} shows of a live machine: QEMU's command line as it was started, else empty. */
    public List<String> commandLine() {
        throw new UnsupportedOperationException("soon");
    }

    /** Ports of the guest somebody listens on, as "tcp 80", as far as the guest has said. */
    public List<String> listening() {
        throw new UnsupportedOperationException("soon");
    }

    /** The application's output, bounded; its predecessor is the same name with ".1" (may be absent). */
    public Path consoleLog() {
        throw new UnsupportedOperationException("soon");
    }

    /** The kernel's messages, likewise. */
    public Path kernelLog() {
        throw new UnsupportedOperationException("soon");
    }

    /** The application's console; close it to leave. One reading thread and one writing thread each. */
    public interface Attachment extends AutoCloseable {
        /**
         * Reads output that came after joining; blocks. A reader that is more than 1 MiB behind loses the oldest bytes.
         *
         * @return the count, or -1 when the machine ended
         */
        int read(byte[] to) throws IOException;

        /** Bytes this reader has lost. */
        long lost();

        /** Types into the console. */
        void write(byte[] from, int offset, int length) throws IOException;

        void resize(int rows, int columns) throws IOException;

        @Override
        void close();
    }

    /** A command that runs in the guest. Streams are blocking; close ends the command's channel. */
    public interface ExecSession extends AutoCloseable {
        /** Its standard input; closing it is end of file. */
        OutputStream stdin();

        InputStream stdout();

        InputStream stderr();

        void signal(int number) throws IOException;

        /** Waits for the end: exit code, or 128 + signal. Read the outputs as well, or it may wait for you. */
        int awaitExit() throws IOException, InterruptedException;

        @Override
        void close();
    }
}

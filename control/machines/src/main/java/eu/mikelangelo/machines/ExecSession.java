package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import java.io.InputStream;
import java.io.OutputStream;

/** A command that runs in the guest. Streams are blocking; close ends the command's channel. */
public interface ExecSession extends AutoCloseable {
    /** Its standard input; closing it is end of file. */
    OutputStream stdin();

    InputStream stdout();

    InputStream stderr();

    void signal(int number);

    /**
     * Waits for the end: exit code, or 128 + signal. Read the outputs as well, or it may wait for you.
     *
     * @throws Failure GUEST when it could not be started, UNAVAILABLE when the machine ended first
     */
    int awaitExit() throws InterruptedException;

    @Override
    void close();
}

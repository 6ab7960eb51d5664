package eu.mikelangelo.machines;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;

/** The control channel to a guest's init (guest/PROTOCOL.md, "Control frames"). Thread-safe. */
interface GuestLink extends AutoCloseable {
    /** Connects to a control socket. */
    interface Connector {
        GuestLink connect(Path controlSocket) throws IOException;
    }

    /** SIGTERM to the application, SIGKILL after its grace, power off. Does not wait. */
    void stop() throws IOException;

    void signal(int number) throws IOException;

    void resize(int rows, int columns) throws IOException;

    Machine.ExecSession exec(String user, String workdir, List<String> argv) throws IOException;

    void get(String path, OutputStream to) throws IOException;

    void put(InputStream from, String path, int mode) throws IOException;

    @Override
    void close();
}

package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.Attachment;
import eu.mikelangelo.machines.ExecSession;
import eu.mikelangelo.machines.Machine;
import eu.mikelangelo.machines.MachineState;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the API offers for machines. Maps are JSON objects as docs/api.md shows them. Thread-safe; every method throws
 * {@link eu.mikelangelo.base.Failure} NOT_FOUND for an unknown name, and what {@link Machine} throws.
 */
public interface MachineService {
    Map<String, Object> run(RunRequest request, Progress progress);

    /** Starts a machine that ended. {@code detach} and {@code patience} as in {@link RunRequest}. */
    Map<String, Object> start(String name, boolean detach, Duration patience, Progress progress);

    List<Map<String, Object>> list();

    Map<String, Object> inspect(String name);

    /** @param grace null: the machine's own */
    void stop(String name, Duration grace);

    /** Signal 9 ends QEMU; another number goes to the application. */
    void kill(String name, int signal);

    void remove(String name, boolean force);

    /** The state when the machine ended; empty when {@code limit} passed first. */
    Optional<MachineState> awaitEnd(String name, Duration limit);

    boolean live(String name);

    /** The log of the application or of the kernel; its predecessor has the suffix ".1". */
    Path log(String name, boolean kernel);

    Attachment attach(String name);

    ExecSession exec(String name, String user, String workdir, List<String> words);

    void copyOut(String name, String path, OutputStream to) throws IOException;

    void copyIn(String name, InputStream from, String path, int mode) throws IOException;
}

package eu.mikelangelo.agent.api;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Brings the agent up for a command: starts it when absent, and replaces one of another build. Any number of commands
 * may do so at once: the agent's lock lets one agent live, the others' bow out, and every command waits for the socket.
 */
public final class AgentStarter {
    /** Begins the last words of an agent that ends because of an error: its message and, in more lines, what to try. */
    public static final String CANNOT_GO_ON = "the agent cannot go on: ";
    private static final int POLL_MILLIS = 5;
    private static final int DEADLINE_MILLIS = 30_000;
    private static final int LOG_TAIL_LINES = 10;
    /** Unix socket addresses hold 108 bytes with the final NUL (unix(7)). */
    private static final int MAX_SOCKET_PATH_BYTES = 107;
    /** The longest path in run/: m/<id>/passt/passt.sock. */
    private static final int DEEPEST_SOCKET_BYTES = 36;
    private final Launch launch;
    private final Map<String, String> env;

    public AgentStarter(Launch launch, Map<String, String> env) {
        this.launch = launch;
        this.env = env;
    }

    /** One thing to do with the agent. */
    public interface Call<T> {
        T on(ApiClient agent) throws IOException;
    }

    /** Runs the call; on an absent agent or one of another build, makes it present and runs the call again. */
    public <T> T with(Call<T> call) throws IOException {
        ApiClient agent = new ApiClient(launch.home().agentSocket(), launch.build());
        if (!agent.reachable()) {
            start(agent);
        }
        try {
            return call.on(agent);
        } catch (ApiClient.OtherBuild e) {
            // Refused before anything was done, so it is safe to say it again.
            replace();
            start(agent);
            return call.on(agent);
        }
    }

    /** The agent if it runs, started or replaced by nobody. */
    public ApiClient present() {
        return new ApiClient(launch.home().agentSocket(), "");
    }

    /** Asks the agent that runs now to end in an orderly way; machines live on. */
    private void replace() throws IOException {
        ApiClient old = present();
        try {
            long pid = old.get("/v1").integer("pid", 0);
            old.call("POST", "/v1/shutdown", Map.of("pid", pid));
        } catch (IOException | Failure e) {
            // Somebody else was faster, or it fell over; the lock decides.
            if (old.reachable() && e instanceof Failure failure && failure.kind() != Failure.Kind.CONFLICT) {
                throw e;
            }
        }
        long deadline = System.nanoTime() + DEADLINE_MILLIS * 1_000_000L;
        while (old.reachable() && !sameBuild() && System.nanoTime() < deadline) {
            sleep();
        }
    }

    private boolean sameBuild() throws IOException {
        try {
            return present().get("/v1").string("build", "").equals(launch.build());
        } catch (IOException e) {
            return false;
        }
    }

    /** Starts the agent unless it is reachable, and returns when it is. @throws Failure with the end of its log */
    public void start(ApiClient agent) throws IOException {
        Path run = runFolder();
        if (run.toString().getBytes(StandardCharsets.UTF_8).length + DEEPEST_SOCKET_BYTES > MAX_SOCKET_PATH_BYTES) {
            throw new Failure(Failure.Kind.BAD_INPUT, "the run folder's path is too long for sockets in it: " + run,
                    "set MIKE_HOME to a folder of at most " + (MAX_SOCKET_PATH_BYTES - DEEPEST_SOCKET_BYTES - 4)
                            + " characters");
        }
        Process process = spawn();
        long deadline = System.nanoTime() + DEADLINE_MILLIS * 1_000_000L;
        while (!agent.reachable()) {
            // Exit code 0: another command's agent holds the lock, and will listen soon.
            if (!process.isAlive() && process.exitValue() != 0) {
                throw failed("the agent ended at once, with exit code " + process.exitValue());
            }
            if (System.nanoTime() > deadline) {
                throw failed("the agent did not listen within " + DEADLINE_MILLIS / 1000 + " s");
            }
            sleep();
        }
    }

    private Path runFolder() throws IOException {
        try {
            Path run = Durable.privateFolder(launch.home().run());
            touchPrivate(launch.agentLog());
            return run;
        } catch (FileSystemException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot write to the run folder " + launch.home().run() + ": "
                    + (e.getReason() == null ? e.getClass().getSimpleName() : e.getReason()),
                    "is it ours, and its disk neither full nor read-only? MIKE_HOME names another folder", e);
        }
    }

    private Process spawn() throws IOException {
        try {
            return Launch.detached(launch.agentCommand(), env, launch.agentLog()).start();
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot start the agent: " + e.getMessage(),
                    "is setsid (util-linux) installed?", e);
        }
    }

    private Failure failed(String message) throws IOException {
        List<String> lines = Files.readAllLines(launch.agentLog(), StandardCharsets.ISO_8859_1);
        int last = lines.size() - 1;
        while (last >= 0 && !lines.get(last).startsWith(CANNOT_GO_ON)) {
            last--;
        }
        if (last >= Math.max(0, lines.size() - LOG_TAIL_LINES)) {
            List<String> more = lines.subList(last + 1, lines.size());
            return new Failure(Failure.Kind.UNAVAILABLE, "the agent cannot start: "
                    + lines.get(last).substring(CANNOT_GO_ON.length()), String.join("\n", more)
                    + (more.isEmpty() ? "" : "\n") + "more is in " + launch.agentLog());
        }
        List<String> tail = lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size());
        return new Failure(Failure.Kind.UNAVAILABLE, message,
                "the end of " + launch.agentLog() + ":\n  " + String.join("\n  ", tail));
    }

    private static void touchPrivate(Path file) throws IOException {
        if (!Files.exists(file)) {
            FileChannel.open(file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))).close();
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Failure.Kind.UNAVAILABLE, "interrupted while waiting for the agent", "", e);
        }
    }
}

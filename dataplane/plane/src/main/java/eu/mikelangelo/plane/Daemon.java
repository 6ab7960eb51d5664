package eu.mikelangelo.plane;

import eu.mikelangelo.metrics.DistinctErrors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * {@code serve}: the plane of one run folder. {@code plane.lock} is held for as long as the process lives, so a double
 * start is harmless; {@code plane.sock} is the control socket, {@code plane.pid} the process, {@code plane.log} the
 * distinct errors of this process (rewritten when they change, at most once a second).
 */
final class Daemon {
    private static final long LOOK_MS = 1_000;

    private final Path folder;
    private final DistinctErrors errors = new DistinctErrors();
    private final CountDownLatch end = new CountDownLatch(1);
    private long written = -1;

    private Daemon(Path folder) {
        this.folder = folder;
    }

    static int run(Path folder) throws IOException {
        Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(
                PosixFilePermissions.fromString("rwx------")));
        try (FileChannel file = FileChannel.open(folder.resolve("plane.lock"), Set.of(StandardOpenOption.CREATE,
                StandardOpenOption.WRITE), ownerOnly())) {
            FileLock lock = file.tryLock();
            if (lock == null) {
                System.err.println("plane: another plane runs in " + folder + " (see plane.pid there)");
                return Main.CONFLICT;
            }
            return new Daemon(folder).serve();
        }
    }

    private int serve() throws IOException {
        Path pid = folder.resolve("plane.pid");
        try (Plane plane = new Plane(errors, false);
                AgentKeeper keeper = new AgentKeeper(folder, errors);
                ControlServer server = new ControlServer(folder.resolve("plane.sock"), plane, keeper, errors,
                        end::countDown)) {
            // SIGTERM: no new agent, and the rings of the guests are let go of in order.
            closeAtExit(plane);
            closeAtExit(keeper);
            replace(pid, ProcessHandle.current().pid() + "\n");
            server.start();
            boolean healthy = true;
            while (healthy && !waited()) {
                log();
                plane.freeCore();
                healthy = plane.healthy();
            }
            log();
            if (healthy && Rehearsal.wanted()) {
                Rehearsal.run(folder);
            }
            Files.deleteIfExists(pid);
            return healthy ? 0 : Main.BUG;
        }
    }

    private static <T extends AutoCloseable> void closeAtExit(T open) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                open.close();
            } catch (Exception ignored) {
                // The process ends anyway.
            }
        }, "end"));
    }

    private boolean waited() {
        try {
            return end.await(LOOK_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException ended) {
            return true;
        }
    }

    private void log() {
        long now = errors.recorded();
        if (now == written) {
            return;
        }
        written = now;
        StringBuilder text = new StringBuilder();
        errors.entries().forEach(entry -> text.append(entry).append('\n'));
        try {
            replace(folder.resolve("plane.log"), text.toString());
        } catch (IOException full) {
            // The log must not become the outage; the entries stay in memory.
            System.err.println("plane: plane.log: " + full.getMessage());
        }
    }

    private static FileAttribute<?> ownerOnly() {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    }

    /** Old or new, never in between: temporary file, rename. */
    static void replace(Path file, String text) throws IOException {
        Path temporary = file.resolveSibling("." + file.getFileName() + ".tmp");
        try (FileChannel channel = FileChannel.open(temporary, Set.of(StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE), ownerOnly())) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}

package eu.mikelangelo.agent;

import eu.mikelangelo.agent.api.ApiClient;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/** One agent a home: a lock on {@code run/agent.lock} that dies with its process. */
final class AgentLock {
    private static final int WAIT_MILLIS = 10_000;
    private static final int POLL_MILLIS = 20;
    private final FileChannel channel;
    private final FileLock lock;

    private AgentLock(FileChannel channel, FileLock lock) {
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Takes the lock. An agent that has it and listens on the socket stays: empty. One that has it and does not listen
     * is ending (or beginning), so wait for it a little.
     */
    static Optional<AgentLock> take(Path file, Path socket) throws IOException, InterruptedException {
        FileChannel channel = FileChannel.open(file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        for (int waited = 0; waited < WAIT_MILLIS; waited += POLL_MILLIS) {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return Optional.of(new AgentLock(channel, lock));
            }
            if (new ApiClient(socket, "").reachable()) {
                break;
            }
            Thread.sleep(POLL_MILLIS);
        }
        channel.close();
        return Optional.empty();
    }

    boolean held() {
        return lock.isValid() && channel.isOpen();
    }
}

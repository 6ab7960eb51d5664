package eu.mikelangelo.plane;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.plane.api.Request;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Starts the registered agent again when its connection broke without Bye. The pause before a start doubles with each
 * start that was not followed by a long registration; after too many the keeper gives up until an agent registers by
 * itself. Thread-safe.
 */
final class AgentKeeper implements AutoCloseable {
    static final long FIRST_PAUSE_MS = 200;
    static final long LAST_PAUSE_MS = 30_000;
    /** A registration that lasts so long was a success. */
    static final long GOOD_MS = 60_000;
    /** How long a started agent may take to register. */
    static final long REGISTER_MS = 15_000;
    /** Starts in a row without success. */
    static final int MAX_STARTS = 8;

    private final Path folder;
    private final DistinctErrors errors;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Object session;
    private Request.Register registration;
    private long registeredNs;
    private int starts;
    private boolean lost;
    private boolean closed;

    AgentKeeper(Path folder, DistinctErrors errors) {
        this.folder = folder;
        this.errors = errors;
        Thread.ofPlatform().daemon(true).name("agent-keeper").start(this::run);
    }

    /** The connection {@code of} is the agent's from now on. */
    void register(Object of, Request.Register request) {
        locked(() -> {
            session = of;
            registration = request;
            registeredNs = Clock.nowNs();
            lost = false;
        });
    }

    /** The agent of this connection ends on purpose. */
    void bye(Object of) {
        locked(() -> {
            if (session == of) {
                session = null;
                registration = null;
            }
        });
    }

    /** A connection is gone. */
    void lost(Object of) {
        locked(() -> {
            if (session == of) {
                session = null;
                lost = registration != null;
                if (Clock.nowNs() - registeredNs > GOOD_MS * 1_000_000) {
                    starts = 0;
                }
            }
        });
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        lock.lock();
        try {
            while (!closed) {
                if (!lost) {
                    changed.await();
                } else if (starts == MAX_STARTS) {
                    errors.record("the agent is not started again",
                            starts + " starts in a row did not last; see agent.out");
                    lost = false;
                } else {
                    attempt();
                }
            }
        } catch (InterruptedException ended) {
            // The process ends.
        } finally {
            lock.unlock();
        }
    }

    /** One start: pause, start, wait for its registration; an agent that comes by itself meanwhile is as good. */
    private void attempt() throws InterruptedException {
        if (registered(Math.min(FIRST_PAUSE_MS << starts, LAST_PAUSE_MS))) {
            return;
        }
        starts++;
        Request.Register request = registration;
        if (request == null) {
            lost = false;
            return;
        }
        try {
            start(request);
            errors.record("the agent's connection broke; started it again", String.join(" ", request.command()));
        } catch (IOException failed) {
            errors.record("the agent could not be started", String.valueOf(failed.getMessage()));
            return;
        }
        registered(REGISTER_MS);
    }

    /** Waits up to {@code ms}. @return true when there is nothing to be done any more */
    private boolean registered(long ms) throws InterruptedException {
        long left = TimeUnit.MILLISECONDS.toNanos(ms);
        while (lost && !closed && left > 0) {
            left = changed.awaitNanos(left);
        }
        return !lost || closed;
    }

    /** setsid --fork: a session of its own, no child of ours, so that our end is not its end. */
    private void start(Request.Register request) throws IOException {
        List<String> command = new ArrayList<>(List.of("setsid", "--fork"));
        command.addAll(request.command());
        File output = folder.resolve("agent.out").toFile();
        ProcessBuilder builder = new ProcessBuilder(command).directory(new File("/"))
                .redirectInput(new File("/dev/null")).redirectErrorStream(true).redirectOutput(output);
        builder.environment().put("MIKE_HOME", request.home());
        builder.start();
    }

    @Override
    public void close() {
        locked(() -> closed = true);
    }
}

package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.OpenFiles;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;

/**
 * A few threads that wait for the disk where no ring does: as many requests run at a time as there are threads. Any
 * thread.
 */
public final class FilePool implements AutoCloseable {
    /** Threads. A disk that wants more at a time wants io_uring. */
    public static final int THREADS = 4;
    /** No lock here: a fiber that waited for one would let its loop go on in the middle of something. */
    private final ConcurrentLinkedQueue<Operation> asked = new ConcurrentLinkedQueue<>();
    private final Semaphore waiting = new Semaphore(0);
    private final Thread[] threads = new Thread[THREADS];

    /** Begins its threads, which inherit the caller's CPUs. Once. */
    public void start(String host) {
        for (int i = 0; i < THREADS; i++) {
            threads[i] = new Thread(null, this::work, host + "-files-" + i, 0, false);
            threads[i].setDaemon(true);
            threads[i].start();
        }
    }

    /** Each loop has at most {@link Operations#LIMIT} here. */
    void add(Operation operation) {
        asked.add(operation);
        waiting.release();
    }

    private void work() {
        HotCalls calls = new HotCalls();
        try {
            while (true) {
                waiting.acquire();
                Operation operation = asked.poll();
                operation.result = operation.unwanted ? -Errno.ECANCELED : carryOut(calls, operation);
                operation.owner.carriedOut(operation);
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private static int carryOut(HotCalls calls, Operation it) {
        return switch (it.kind) {
            case Operation.READ -> calls.pread(it.fd, it.memory, it.offset, it.length, it.position);
            case Operation.WRITE -> calls.pwrite(it.fd, it.memory, it.offset, it.length, it.position);
            case Operation.SYNC -> calls.fdatasync(it.fd);
            case Operation.OPEN -> OpenFiles.open(it.memory, it.length, it.fd);
            default -> {
                Fds.close(it.fd);
                yield 0;
            }
        };
    }

    String name() {
        return THREADS + " threads";
    }

    /** When the loops have ended: the threads end. */
    @Override
    public void close() {
        for (Thread thread : threads) {
            if (thread != null) {
                thread.interrupt();
            }
        }
    }
}

package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.OpenFiles;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * A few threads that wait for the disk where no ring does: as many requests run at a time as there are threads. Any
 * thread.
 */
public final class FilePool implements AutoCloseable {
    /** Threads. A disk that wants more at a time wants io_uring. */
    public static final int THREADS = 4;
    private final ArrayBlockingQueue<Operation> asked;
    private final Thread[] threads = new Thread[THREADS];

    /** @param loops how many there are: each has at most {@link Operations#LIMIT} operations here */
    public FilePool(int loops) {
        asked = new ArrayBlockingQueue<>(loops * Operations.LIMIT);
    }

    /** Begins its threads, which inherit the caller's CPUs. Once. */
    public void start(String host) {
        for (int i = 0; i < THREADS; i++) {
            threads[i] = new Thread(null, this::work, host + "-files-" + i, 0, false);
            threads[i].setDaemon(true);
            threads[i].start();
        }
    }

    boolean offer(Operation operation) {
        return asked.offer(operation);
    }

    private void work() {
        HotCalls calls = new HotCalls();
        try {
            while (true) {
                Operation operation = asked.take();
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

    /** When the loops have ended: the threads end when they have nothing more to do. */
    @Override
    public void close() {
        for (Thread thread : threads) {
            if (thread != null) {
                thread.interrupt();
            }
        }
    }
}

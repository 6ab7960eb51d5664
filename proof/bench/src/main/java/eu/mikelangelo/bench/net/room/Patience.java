package eu.mikelangelo.bench.net.room;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A bound on how long a row may take: then all that it has started is ended, and it fails of that. */
public final class Patience implements AutoCloseable {
    private final CountDownLatch done = new CountDownLatch(1);
    private final long seconds;
    private volatile boolean over;

    public Patience(Room room, long seconds) {
        this.seconds = seconds;
        Thread.ofPlatform().daemon().start(() -> {
            try {
                over = !done.await(seconds, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (over) {
                room.endAll();
            }
        });
    }

    /** @throws IllegalStateException that says so when it took too long */
    public <T> T with(Supplier<T> row) {
        try {
            return row.get();
        } catch (RuntimeException failed) {
            if (!over) {
                throw failed;
            }
            throw new IllegalStateException("took more than " + seconds + " s and was ended: " + failed.getMessage(),
                    failed);
        }
    }

    @Override
    public void close() {
        done.countDown();
    }
}

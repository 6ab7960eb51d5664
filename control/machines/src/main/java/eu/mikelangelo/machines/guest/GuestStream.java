package eu.mikelangelo.machines.guest;

import eu.mikelangelo.machines.host.ByteRing;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;

/**
 * One stream from a guest, as an input stream. The guest may have one window under way, so the buffer of that size
 * never overflows unless the guest cheats. Filled by the connection's reader, read by anyone; both may be any thread.
 */
final class GuestStream extends InputStream {
    private static final int CREDIT_STEP_BYTES = GuestFrame.WINDOW_BYTES / 4;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final IntConsumer credit;
    private final ByteRing ring = new ByteRing(GuestFrame.WINDOW_BYTES);
    /** Where the reader is in the ring; what is behind it and not credited yet still counts against the window. */
    private long taken;
    private int uncredited;
    private boolean ended;
    private boolean discarding;
    private IOException failure;

    /** @param credit tells the guest that so many bytes were used up; must not block */
    GuestStream(IntConsumer credit) {
        this.credit = credit;
    }

    /** Takes bytes of the guest; false when they are more than it has credit for. Never blocks. */
    boolean offer(byte[] bytes) {
        lock.lock();
        try {
            if (bytes.length > GuestFrame.WINDOW_BYTES - waiting() - uncredited) {
                return false;
            }
            if (discarding) {
                used(bytes.length);
                return true;
            }
            ring.put(ByteBuffer.wrap(bytes));
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** No more will come; {@code why} is null at a proper end. What is buffered can still be read. */
    void end(IOException why) {
        lock.lock();
        try {
            failure = ended ? failure : why;
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes received and not read. */
    private int waiting() {
        return (int) (ring.end() - taken);
    }

    private void used(int bytes) {
        uncredited += bytes;
        if (uncredited >= CREDIT_STEP_BYTES && !ended) {
            credit.accept(uncredited);
            uncredited = 0;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, to.length);
        if (length == 0) {
            return 0;
        }
        lock.lock();
        try {
            while (waiting() == 0 && !ended && !discarding) {
                changed.await();
            }
            if (waiting() == 0) {
                if (failure != null) {
                    throw new IOException(failure.getMessage(), failure);
                }
                return -1;
            }
            int n = ring.get(taken, to, offset, length);
            taken += n;
            used(n);
            return n;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new java.io.InterruptedIOException("interrupted while waiting for the guest");
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int available() {
        lock.lock();
        try {
            return waiting();
        } finally {
            lock.unlock();
        }
    }

    /** The reader lost interest: what comes from now on is dropped, and credited so that the guest goes on. */
    @Override
    public void close() {
        lock.lock();
        try {
            discarding = true;
            int dropped = waiting();
            taken = ring.end();
            used(dropped);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

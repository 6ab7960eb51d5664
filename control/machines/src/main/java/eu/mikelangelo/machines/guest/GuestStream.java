package eu.mikelangelo.machines.guest;

import java.io.IOException;
import java.io.InputStream;
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
    private final byte[] ring = new byte[GuestFrame.WINDOW_BYTES];
    private int start;
    private int count;
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
            if (bytes.length > ring.length - count - uncredited) {
                return false;
            }
            if (discarding) {
                used(bytes.length);
                return true;
            }
            int tail = (start + count) % ring.length;
            int first = Math.min(bytes.length, ring.length - tail);
            System.arraycopy(bytes, 0, ring, tail, first);
            System.arraycopy(bytes, first, ring, 0, bytes.length - first);
            count += bytes.length;
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
            while (count == 0 && !ended && !discarding) {
                changed.await();
            }
            if (count == 0) {
                if (failure != null) {
                    throw new IOException(failure.getMessage(), failure);
                }
                return -1;
            }
            int n = Math.min(Math.min(length, count), ring.length - start);
            System.arraycopy(ring, start, to, offset, n);
            start = (start + n) % ring.length;
            count -= n;
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
            return count;
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
            int dropped = count;
            count = 0;
            used(dropped);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

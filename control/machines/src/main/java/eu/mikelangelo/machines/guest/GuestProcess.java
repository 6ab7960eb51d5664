package eu.mikelangelo.machines.guest;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A program that runs in a guest, or a copy under way: one channel of the guest protocol. All methods may be called
 * from any thread; streams and waits block (virtual threads welcome).
 *
 * <p>{@link #output} and {@link #error} each buffer at most 128 KiB and then hold the program up; read both, or close
 * the one that does not matter.
 */
public final class GuestProcess implements AutoCloseable {
    private static final int CHUNK_BYTES = 32_768;

    private final GuestChannel channel;
    private final int id;
    private final GuestStream output;
    private final GuestStream error;
    private final OutputStream input = new Input();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private int window = GuestFrame.WINDOW_BYTES;
    private boolean inputClosed;
    private boolean done;
    private int code;
    private Failure failure;

    GuestProcess(GuestChannel channel, int id) {
        this.channel = channel;
        this.id = id;
        output = new GuestStream(bytes -> channel.tell(GuestFrame.ofNumbers(GuestFrame.CREDIT, id, bytes, 0)));
        error = new GuestStream(bytes -> channel.tell(GuestFrame.ofNumbers(GuestFrame.CREDIT, id, 0, bytes)));
    }

    /**
     * The program's standard input; closing it is end of file there. Bytes for a program that has ended are dropped.
     */
    public OutputStream input() {
        return input;
    }

    public InputStream output() {
        return output;
    }

    public InputStream error() {
        return error;
    }

    /** Sends a signal (1 to 64) to the program's process group; too late is no error. */
    public void signal(int number) {
        channel.tell(GuestFrame.ofNumbers(GuestFrame.SIGNAL, id, number));
    }

    /**
     * Waits for the end.
     *
     * @return the exit code, or 128 + signal
     * @throws Failure GUEST with init's words when the program could not be started or the copy failed, UNAVAILABLE
     *                 when the connection or the machine ended first
     */
    public int waitFor() throws InterruptedException {
        lock.lock();
        try {
            while (!done) {
                changed.await();
            }
            if (failure != null) {
                throw new Failure(failure.kind(), failure.getMessage(), failure.hint(), failure);
            }
            return code;
        } finally {
            lock.unlock();
        }
    }

    /** Kills the program, or aborts the copy, if it is still under way, and drops what it has to say. */
    @Override
    public void close() {
        lock.lock();
        boolean running;
        try {
            running = !done;
            inputClosed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (running) {
            signal(9);
        }
        output.close();
        error.close();
    }

    /** A frame of this channel. Called by the connection's reader, never blocks. */
    void take(GuestFrame frame) {
        switch (frame.type()) {
            case GuestFrame.DATA -> offer(output, frame);
            case GuestFrame.ERRDATA -> offer(error, frame);
            case GuestFrame.END -> output.end(null);
            case GuestFrame.CREDIT -> credit(frame.number(0, 8));
            case GuestFrame.EXITED -> exited(frame);
            case GuestFrame.ERROR -> end(new Failure(Failure.Kind.GUEST, GuestChannel.text(frame.payload()), ""));
            default -> { }
        }
    }

    private void offer(GuestStream stream, GuestFrame frame) {
        if (!stream.offer(frame.payload())) {
            end(cheated());
        }
    }

    private static Failure cheated() {
        return new Failure(Failure.Kind.UNTRUSTED, "the guest sent more than it was allowed to",
                "its init was tampered with, or is of another version");
    }

    private void exited(GuestFrame frame) {
        int value = frame.number(0, 4);
        lock.lock();
        try {
            code = value < 0 || value > 255 ? 255 : value;
        } finally {
            lock.unlock();
        }
        end(null);
    }

    private void credit(int bytes) {
        lock.lock();
        try {
            if (bytes > 0 && bytes <= GuestFrame.WINDOW_BYTES - window) {
                window += bytes;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The channel is closed. Whoever hears of it may at once begin another, so this one is forgotten first. */
    void end(Failure why) {
        channel.forget(id);
        lock.lock();
        try {
            if (!done) {
                done = true;
                failure = why;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        // After `done`: who reads to the end and then closes us must not kill what has ended already.
        IOException broken = why == null ? null : new IOException(why.getMessage(), why);
        output.end(broken);
        error.end(broken);
    }

    /** How many bytes may be sent now, after waiting for at least one; 0 when nobody reads them any more. */
    private int allowance(int wanted) throws IOException {
        lock.lock();
        try {
            while (window == 0 && !done && !inputClosed) {
                changed.await();
            }
            if (inputClosed && !done) {
                throw new IOException("the input of the guest's program is closed");
            }
            int bytes = done ? 0 : Math.min(Math.min(wanted, window), CHUNK_BYTES);
            window -= bytes;
            return bytes;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while writing to the guest");
        } finally {
            lock.unlock();
        }
    }

    private final class Input extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, bytes.length);
            for (int at = 0; at < length; ) {
                int n = allowance(length - at);
                if (n == 0) {
                    return;
                }
                byte[] payload = new byte[n];
                System.arraycopy(bytes, offset + at, payload, 0, n);
                channel.tell(new GuestFrame(GuestFrame.DATA, id, payload));
                at += n;
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (inputClosed) {
                    return;
                }
                inputClosed = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            channel.tell(GuestFrame.of(GuestFrame.END, id));
        }
    }
}

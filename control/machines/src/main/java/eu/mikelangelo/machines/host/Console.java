package eu.mikelangelo.machines.host;

import eu.mikelangelo.machines.Attachment;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The application's console: one connection to QEMU, always drained so that the guest never waits for a reader, and any
 * number of attachments that read the same ring of the last {@link #RING_BYTES} bytes, each at its own pace. Who is
 * further behind loses the oldest bytes. Keeping the log is QEMU's job. Thread-safe.
 */
public final class Console implements AutoCloseable {
    public static final int RING_BYTES = 1024 * 1024;

    private final SocketChannel channel;
    private final Resize resize;
    private final Runnable everyRing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final ReentrantLock writing = new ReentrantLock();
    private final ByteRing ring = new ByteRing(RING_BYTES);
    private boolean ended;

    public interface Resize {
        void to(int rows, int columns) throws IOException;
    }

    private Console(SocketChannel channel, Resize resize, Runnable everyRing) {
        this.channel = channel;
        this.resize = resize;
        this.everyRing = everyRing;
    }

    /**
     * Connects and begins to drain.
     *
     * @param everyRing called after each MiB of output, before more is read: QEMU writes its log no faster than we
     *                  read, so whoever bounds the log here bounds it for any guest
     */
    public static Console connect(Path socket, Resize resize, Runnable everyRing) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        Console console = new Console(channel, resize, everyRing);
        Thread.ofVirtual().name("console " + socket).start(console::drain);
        return console;
    }

    private void drain() {
        ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        try {
            long marked = 0;
            while (channel.read(buffer.clear()) >= 0) {
                long total = append(buffer.flip());
                if (total - marked >= RING_BYTES) {
                    marked = total;
                    everyRing.run();
                }
            }
        } catch (IOException e) {
            // The end of QEMU, or of our supervision.
        }
        close();
    }

    /** Returns the bytes received so far. */
    private long append(ByteBuffer bytes) {
        lock.lock();
        try {
            ring.put(bytes);
            more.signalAll();
            return ring.end();
        } finally {
            lock.unlock();
        }
    }

    public Attachment attach() {
        lock.lock();
        try {
            return new Reader(ring.end());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            ended = true;
            more.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing more to do with it.
        }
    }

    private final class Reader implements Attachment {
        private long at;
        private long lost;
        private boolean left;

        Reader(long at) {
            this.at = at;
        }

        @Override
        public int read(byte[] to) throws IOException {
            lock.lock();
            try {
                while (at == ring.end() && !ended && !left) {
                    more.await();
                }
                if (left || at == ring.end()) {
                    return -1;
                }
                long oldest = ring.oldest();
                if (at < oldest) {
                    lost += oldest - at;
                    at = oldest;
                }
                int n = ring.get(at, to, 0, to.length);
                at += n;
                return n;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while reading a console", e);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public long lost() {
            lock.lock();
            try {
                return lost;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(from, offset, length);
            writing.lock();
            try {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            } finally {
                writing.unlock();
            }
        }

        @Override
        public void resize(int rows, int columns) throws IOException {
            resize.to(rows, columns);
        }

        @Override
        public void close() {
            lock.lock();
            try {
                left = true;
                more.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}

package eu.mikelangelo.machines.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;

/**
 * Frames on their way to a guest, written by a virtual thread of its own. Bounded: a guest that does not read fills it,
 * and {@link #offer} says so instead of waiting. Any thread.
 */
final class Outbox {
    /** Frames that wait for a guest that does not read; far above what the windows of all channels allow. */
    private static final int MAX_WAITING_FRAMES = 1024;
    /** Behind it the writer ends. */
    private static final byte[] NO_MORE = new byte[0];

    private final SocketChannel socket;
    private final BlockingQueue<byte[]> waiting = new ArrayBlockingQueue<>(MAX_WAITING_FRAMES);
    private final Thread writer;

    /** @param broken hears why the writer ended when nobody asked it to */
    Outbox(SocketChannel socket, Consumer<String> broken) {
        this.socket = socket;
        writer = Thread.ofVirtual().name("guest-writer").unstarted(() -> write(broken));
    }

    /** Begins to write; what was offered before waits until then. */
    void start() {
        writer.start();
    }

    /** @return false when too many wait */
    boolean offer(byte[] frame) {
        return waiting.offer(frame);
    }

    /** Waits until all is written, at most {@code limit}. */
    void flush(Duration limit) {
        if (writer.isAlive() && waiting.offer(NO_MORE)) {
            try {
                writer.join(limit);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends the writer wherever it is. */
    void stop() {
        writer.interrupt();
    }

    private void write(Consumer<String> broken) {
        try {
            for (byte[] next; (next = waiting.take()) != NO_MORE; ) {
                ByteBuffer bytes = ByteBuffer.wrap(next);
                while (bytes.hasRemaining()) {
                    socket.write(bytes);
                }
            }
        } catch (IOException e) {
            broken.accept("write: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();  // stop(): nothing left to do
        }
    }
}

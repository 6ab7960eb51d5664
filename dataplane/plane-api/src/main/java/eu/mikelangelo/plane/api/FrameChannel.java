package eu.mikelangelo.plane.api;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** Whole frames over a Unix socket, with deadlines. One thread at a time; {@link #close} from any. */
public final class FrameChannel implements AutoCloseable {
    /** Wait for ever. */
    public static final long NO_LIMIT = -1;

    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);

    /** Takes over a connected channel. */
    public FrameChannel(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        selector = Selector.open();
        key = channel.register(selector, 0);
    }

    /** Writes all of {@code frame}. @throws SocketTimeoutException when the peer does not take it in time */
    public void write(byte[] frame, long timeoutMs) throws IOException {
        long deadline = deadline(timeoutMs);
        ByteBuffer buffer = ByteBuffer.wrap(frame);
        while (channel.write(buffer) >= 0 && buffer.hasRemaining()) {
            await(SelectionKey.OP_WRITE, timeoutMs, deadline);
        }
    }

    /**
     * Reads one frame's body.
     *
     * @param most the longest body that is taken, bytes
     * @return null when the peer closed between two frames
     * @throws SocketTimeoutException when it does not come in time; the channel is of no use then
     * @throws EOFException when the peer closed within a frame
     * @throws IOException also for a length that cannot be
     */
    public byte[] read(int most, long timeoutMs) throws IOException {
        long deadline = deadline(timeoutMs);
        length.clear();
        if (!fill(length, timeoutMs, deadline)) {
            return null;
        }
        int size = length.getInt(0);
        if (size < 1 || size > most) {
            throw new IOException("a frame of " + Integer.toUnsignedString(size) + " bytes");
        }
        ByteBuffer body = ByteBuffer.allocate(size);
        if (!fill(body, timeoutMs, deadline)) {
            throw new EOFException("the peer closed within a frame");
        }
        return body.array();
    }

    /** @return false when the peer closed before the first byte */
    private boolean fill(ByteBuffer buffer, long timeoutMs, long deadline) throws IOException {
        while (buffer.hasRemaining()) {
            int got = channel.read(buffer);
            if (got < 0) {
                if (buffer.position() > 0) {
                    throw new EOFException("the peer closed within a frame");
                }
                return false;
            }
            if (got == 0) {
                await(SelectionKey.OP_READ, timeoutMs, deadline);
            }
        }
        return true;
    }

    private static long deadline(long timeoutMs) {
        return System.nanoTime() + timeoutMs * 1_000_000;
    }

    private void await(int operation, long timeoutMs, long deadline) throws IOException {
        long left = 0;
        if (timeoutMs != NO_LIMIT) {
            left = (deadline - System.nanoTime() + 999_999) / 1_000_000;
            if (left <= 0) {
                throw new SocketTimeoutException("no answer within " + timeoutMs + " ms");
            }
        }
        key.interestOps(operation);
        selector.select(left);
        selector.selectedKeys().clear();
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted while waiting for the peer");
        }
        if (!channel.isOpen()) {
            throw new EOFException("closed");
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
            selector.close();
        } catch (IOException ignored) {
            // Nothing is lost: whole frames were written before.
        }
    }
}

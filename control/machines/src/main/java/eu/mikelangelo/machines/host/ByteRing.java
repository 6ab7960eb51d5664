package eu.mikelangelo.machines.host;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * The last bytes of a stream, as many as it has room for. Positions count bytes from the stream's beginning and never
 * wrap. Never blocks and never grows; whoever must not lose a byte looks at {@link #end} before it puts more. Not
 * thread-safe: guarded by its owner's lock.
 */
public final class ByteRing {
    private final byte[] bytes;
    private long end;

    /** @param capacity bytes that it holds, at least 1 */
    public ByteRing(int capacity) {
        bytes = new byte[capacity];
    }

    /** The position behind the last byte: how many there have been. */
    public long end() {
        return end;
    }

    /** The position of the oldest byte that is still there. */
    public long oldest() {
        return Math.max(0, end - bytes.length);
    }

    /** Appends all that remains in {@code from}; the oldest bytes make room. */
    public void put(ByteBuffer from) {
        while (from.hasRemaining()) {
            int at = (int) (end % bytes.length);
            int n = Math.min(from.remaining(), bytes.length - at);
            from.get(bytes, at, n);
            end += n;
        }
    }

    /**
     * Copies bytes from {@code position} on.
     *
     * @param position {@link #oldest} to {@link #end}
     * @param length the most that is wanted
     * @return how many were copied; fewer than there are where the ring wraps, 0 only at the end
     */
    public int get(long position, byte[] to, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, to.length);
        if (position < oldest() || position > end) {
            throw new IndexOutOfBoundsException("position " + position + " of " + oldest() + " to " + end);
        }
        int from = (int) (position % bytes.length);
        int n = (int) Math.min(Math.min(length, end - position), bytes.length - from);
        System.arraycopy(bytes, from, to, offset, n);
        return n;
    }
}

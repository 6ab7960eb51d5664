package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.virtio.NetHeaderLayout;
import java.util.ArrayDeque;
import java.util.Arrays;

/** A guest's network driver for tests: one receive and one transmit queue over {@link MockDriver}. */
public final class MockNic {
    private final MockGuest guest;
    private final MockDriver receive;
    private final MockDriver transmit;
    private final long features;
    private final int bufferBytes;
    private final ArrayDeque<byte[]> arrived = new ArrayDeque<>();
    private final ArrayDeque<byte[]> headers = new ArrayDeque<>();
    private byte[] lastHeader = new byte[0];

    /** @param bufferBytes of one receive buffer, header included */
    public MockNic(int queueSize, int bufferBytes, long features) {
        this(new MockGuest(memoryBytes(queueSize, bufferBytes)), queueSize, bufferBytes, features);
    }

    /** A card in a guest that exists, whose memory has at least {@link #memoryBytes}. */
    public MockNic(MockGuest guest, int queueSize, int bufferBytes, long features) {
        this.guest = guest;
        this.features = features;
        this.bufferBytes = bufferBytes;
        receive = new MockDriver(guest, queueSize, bufferBytes, features);
        transmit = new MockDriver(guest, queueSize, 66_000, features);
    }

    /** @return how much memory a guest with such a card needs */
    public static long memoryBytes(int queueSize, int bufferBytes) {
        return queueSize * (bufferBytes + 70_000L) + (2L << 20);
    }

    public MockGuest guest() {
        return guest;
    }

    public MockDriver receiver() {
        return receive;
    }

    public MockDriver transmitter() {
        return transmit;
    }

    /** Offers up to {@code count} receive buffers. @return how many were offered */
    public int refill(int count) {
        int added = 0;
        while (added < count && receive.add(new int[0], new int[] {bufferBytes}, false) >= 0) {
            added++;
        }
        receive.publish();
        return added;
    }

    /** Sends a frame in a single piece. @return false when the ring is full */
    public boolean send(byte[] frame) {
        return send(frame, 0, false);
    }

    /** Sends a frame; {@code split} bytes of header and frame in a first piece when it is positive. */
    public boolean send(byte[] frame, int split, boolean indirect) {
        return send(new byte[0], frame, split, indirect);
    }

    /** As the others, with a header; what it lacks is zero. */
    public boolean send(byte[] netHeader, byte[] frame, int split, boolean indirect) {
        int header = NetHeaderLayout.size(features);
        byte[] all = new byte[header + frame.length];
        System.arraycopy(netHeader, 0, all, 0, Math.min(header, netHeader.length));
        System.arraycopy(frame, 0, all, header, frame.length);
        int[] pieces = split > 0 && split < all.length ? new int[] {split, all.length - split} : new int[] {all.length};
        while (transmit.pollUsed() >= 0) {
            // Reclaim what was sent before.
        }
        int head = transmit.add(pieces, new int[0], indirect);
        if (head < 0) {
            return false;
        }
        transmit.fill(head, all);
        transmit.publish();
        return true;
    }

    /**
     * @return the next received frame, or null; throws {@link AssertionError} when the header does not fit the
     *     buffers
     */
    public byte[] poll() {
        collect();
        lastHeader = headers.isEmpty() ? lastHeader : headers.remove();
        return arrived.poll();
    }

    /** @return the header of the frame that {@link #poll} returned last */
    public byte[] lastHeader() {
        return lastHeader;
    }

    private void collect() {
        int header = NetHeaderLayout.size(features);
        while (receive.pollUsed() >= 0) {
            byte[] part = receive.lastBytes(receive.lastUsedLength());
            int buffers = header == NetHeaderLayout.SIZE ? part[10] & 0xff | (part[11] & 0xff) << 8 : 1;
            byte[] frame = Arrays.copyOfRange(part, header, part.length);
            headers.add(Arrays.copyOf(part, header));
            for (int i = 1; i < buffers; i++) {
                if (receive.pollUsed() < 0) {
                    throw new AssertionError("a frame of " + buffers + " buffers was published in pieces");
                }
                int length = receive.lastUsedLength();
                int at = frame.length;
                frame = Arrays.copyOf(frame, at + length);
                System.arraycopy(receive.lastBytes(length), 0, frame, at, length);
            }
            arrived.add(frame);
        }
    }
}

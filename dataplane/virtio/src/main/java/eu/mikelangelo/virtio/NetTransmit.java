package eu.mikelangelo.virtio;

import eu.mikelangelo.memory.GuestMemory;

/**
 * Frames that a guest sends (VIRTIO 1.3 section 5.1.6.2): the chains of a transmit queue without their header.
 *
 * <p>{@link #peek} shows the next frame and leaves it in the ring; {@link #done} gives the buffer back. So a frame
 * whose destination has no room yet simply stays where it is. One thread owns it.
 */
public final class NetTransmit {
    /** The shortest frame taken, in bytes: an Ethernet header. */
    public static final int MIN_FRAME = 14;
    /**
     * The longest frame taken, in bytes: Ethernet's header with two VLAN tags, IPv6's, and IPv6's longest payload. So
     * segments of any system fit that are still to be cut (VIRTIO 1.4 section 5.1.6.3 says 65,589 without tags).
     */
    public static final int MAX_FRAME = 14 + 2 * 4 + 40 + 65_535;

    /** What {@link #peek} found. */
    public static final int EMPTY = 0;
    public static final int FRAME = 1;
    /**
     * A chain that is no frame (too short or too long), or whose header asks for what cannot be or was not negotiated:
     * to be given back and counted.
     */
    public static final int MALFORMED = 2;

    private VirtQueue queue;
    private ScatterList pieces = new ScatterList(0);
    private final NetOffload offload = new NetOffload();
    private long features;
    private int headerSize;
    private int head;
    private int known;
    /** Where {@link VirtQueue#walked} ends the turn. */
    private long turnEnd = Long.MAX_VALUE;

    /** @param queue the transmit queue until {@link #attach} needs one of the other format */
    public NetTransmit(VirtQueue queue) {
        this.queue = queue;
    }

    /**
     * As {@link VirtQueue#attach}, to a queue of the format that the driver accepted: {@link #queue} may be another one
     * from here on.
     */
    public QueueFault attach(GuestMemory memory, QueueConfig config) {
        queue = VirtQueue.suited(queue, config.features());
        turnEnd = Long.MAX_VALUE;
        QueueFault fault = queue.attach(memory, config);
        if (fault == QueueFault.NONE) {
            features = config.features();
            headerSize = NetHeaderLayout.size(features);
            pieces = new ScatterList(queue.size() + GuestMemory.MAX_REGIONS);
        }
        known = 0;
        return fault;
    }

    /** As {@link VirtQueue#detach}. */
    public int detach() {
        pieces = new ScatterList(0);
        known = 0;
        return queue.detach();
    }

    /** @return bytes of the header before each frame */
    public int headerSize() {
        return headerSize;
    }

    /** @return the queue itself, until the next {@link #attach} */
    public VirtQueue queue() {
        return queue;
    }

    /** @return frames known to wait, as {@link VirtQueue#seen} counts; no look is taken */
    public int backlog() {
        return queue.seen();
    }

    /**
     * A turn begins: when so many descriptors were walked, the queue is {@link #EMPTY} until the next one. Without
     * turns there is no end.
     *
     * @param descriptors this queue's share of {@link VirtQueue#TURN_DESCRIPTORS}
     */
    public void turn(int descriptors) {
        turnEnd = queue.walked() + descriptors;
    }

    /** Shows the next frame. @return {@link #EMPTY}, {@link #FRAME} or {@link #MALFORMED} */
    public int peek() {
        if (queue.walked() >= turnEnd) {
            return EMPTY;
        }
        if (known == 0) {
            known = queue.available();
            if (known == 0) {
                return EMPTY;
            }
        }
        if (!queue.working()) {
            return EMPTY;
        }
        pieces.clear();
        head = queue.walk(0, pieces, null);
        if (head < 0) {
            known = 0;
            return EMPTY;
        }
        long length = pieces.bytes() - headerSize;
        return length >= MIN_FRAME && length <= MAX_FRAME && readHeader((int) length) ? FRAME : MALFORMED;
    }

    /** Each field is read once, here: what was checked is what is used. */
    private boolean readHeader(int length) {
        long first = pieces.little(0, Long.BYTES);
        if (NetHeaderLayout.plain(first)) {
            offload.clear();
            return true;
        }
        int offset = (int) pieces.little(NetHeaderLayout.CHECKSUM_OFFSET, Short.BYTES);
        return offload.read(first, offset, features, length);
    }

    /**
     * @return what the sender of the frame last shown left to do, until the next {@link #peek}; the caller may change
     *     it
     */
    public NetOffload offload() {
        return offload;
    }

    /** @return the memory of the frame last shown, header included */
    public ScatterList pieces() {
        return pieces;
    }

    /** @return where in {@link #pieces} the frame begins, in bytes */
    public int start() {
        return headerSize;
    }

    /** @return the length of the frame last shown, in bytes */
    public int length() {
        return (int) (pieces.bytes() - headerSize);
    }

    /** Gives the buffer last shown back to the guest. */
    public void done() {
        queue.complete(head, 0);
        queue.take(1);
        known--;
    }

    /** @return whether the driver may leave something of a frame to us, so that its header is to be read */
    public boolean offloads() {
        return Features.has(features, Features.NET_HOST_OFFLOADS);
    }

    /** Lists the next frames, each behind its header, as {@link VirtQueue#list}. */
    public int list(Burst burst, int most) {
        return queue.list(burst, false, most);
    }

    /** Takes the first {@code chains} of a list and stages their used entries. */
    public void complete(Burst burst, int chains) {
        queue.consume(burst, chains);
        known = 0;
    }
}

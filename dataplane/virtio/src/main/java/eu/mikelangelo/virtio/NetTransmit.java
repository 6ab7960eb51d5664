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
    /** The longest frame taken, in bytes: the MTU of 65,520, an Ethernet header, and room for VLAN tags. */
    public static final int MAX_FRAME = 65_550;

    /** What {@link #peek} found. */
    public static final int EMPTY = 0;
    public static final int FRAME = 1;
    /** A chain that is no frame (too short or too long): to be given back and counted. */
    public static final int MALFORMED = 2;

    private final SplitQueue queue;
    private ScatterList pieces = new ScatterList(0);
    private int headerSize;
    private int head;
    private int known;

    /** @param queue the transmit queue; attached through {@link #attach} */
    public NetTransmit(SplitQueue queue) {
        this.queue = queue;
    }

    /** As {@link SplitQueue#attach}. */
    public QueueFault attach(GuestMemory memory, QueueConfig config) {
        QueueFault fault = queue.attach(memory, config);
        if (fault == QueueFault.NONE) {
            headerSize = NetHeaderLayout.size(config.features());
            pieces = new ScatterList(queue.size() + GuestMemory.MAX_REGIONS);
        }
        known = 0;
        return fault;
    }

    /** As {@link SplitQueue#detach}. */
    public int detach() {
        pieces = new ScatterList(0);
        known = 0;
        return queue.detach();
    }

    /** @return the queue itself */
    public SplitQueue queue() {
        return queue;
    }

    /** @return frames that waited when the driver's index was last read, less those taken since */
    public int backlog() {
        return known;
    }

    /** Shows the next frame. @return {@link #EMPTY}, {@link #FRAME} or {@link #MALFORMED} */
    public int peek() {
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
        return length >= MIN_FRAME && length <= MAX_FRAME ? FRAME : MALFORMED;
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
}

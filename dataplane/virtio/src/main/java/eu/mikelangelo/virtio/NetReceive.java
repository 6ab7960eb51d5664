package eu.mikelangelo.virtio;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;

/**
 * Frames that a guest receives (VIRTIO 1.3 section 5.1.6.4): writes them into the chains of a receive queue, over
 * several of them where the driver accepted mergeable buffers. Either a whole frame is delivered or nothing is taken.
 * One thread owns it.
 */
public final class NetReceive {
    /** What {@link #deliver} did. */
    public static final int DELIVERED = 0;
    /** The driver has not made enough buffers available; later it may have. */
    public static final int NO_BUFFERS = 1;
    /** The frame cannot fit: the buffer is too small and may not be merged, or the whole ring is too small. */
    public static final int TOO_LONG = 2;
    /** The queue is not attached or broken. */
    public static final int CLOSED = 3;

    private VirtQueue queue;
    private final Region scratch = new Region(Arena.ofAuto().allocate(16, 8));
    private ScatterList pieces = new ScatterList(0);
    private int[] heads = new int[0];
    private int[] capacities = new int[0];
    private long features;
    private int headerSize;
    private boolean mergeable;
    private int known;
    /** Where {@link VirtQueue#walked} ends the turn. */
    private long turnEnd = Long.MAX_VALUE;

    /** @param queue the receive queue until {@link #attach} needs one of the other format */
    public NetReceive(VirtQueue queue) {
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
            mergeable = Features.has(features, Features.NET_MRG_RXBUF);
            int chain = queue.size() + GuestMemory.MAX_REGIONS;
            pieces = new ScatterList(2 * chain);
            heads = new int[queue.size()];
            capacities = new int[queue.size()];
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

    /** @return whether this driver takes a frame with that left to do */
    public boolean takes(NetOffload offload) {
        return offload.taken(features);
    }

    /** As {@link #deliver(ScatterList, long, int, NetOffload)}, for a frame with nothing left to do. */
    public int deliver(ScatterList frame, long from, int length) {
        return deliver(frame, from, length, 0, 0);
    }

    /** @return buffers known to be free, as {@link VirtQueue#seen} counts; no look is taken */
    public int backlog() {
        return queue.seen();
    }

    /**
     * A turn begins: when so many descriptors were walked, there are {@link #NO_BUFFERS} until the next one. Without
     * turns there is no end.
     *
     * @param descriptors this queue's share of {@link VirtQueue#TURN_DESCRIPTORS}
     */
    public void turn(int descriptors) {
        turnEnd = queue.walked() + descriptors;
    }

    /**
     * Copies one frame into the guest's buffers and stages the used entries; {@link VirtQueue#publish} shows them.
     *
     * @param frame the bytes
     * @param from where in {@code frame} the frame begins
     * @param length bytes of the frame, 1 to {@link NetTransmit#MAX_FRAME}
     * @param offload what is left to do on it, which {@link #takes} said yes to
     * @return {@link #DELIVERED}, {@link #NO_BUFFERS}, {@link #TOO_LONG} or {@link #CLOSED}
     */
    public int deliver(ScatterList frame, long from, int length, NetOffload offload) {
        return deliver(frame, from, length, offload.firstWord(), offload.lastField());
    }

    private int deliver(ScatterList frame, long from, int length, long firstWord, int lastField) {
        if (!queue.working()) {
            return CLOSED;
        }
        if (queue.walked() >= turnEnd) {
            return NO_BUFFERS;
        }
        int chains = gather(headerSize + length);
        if (chains <= 0) {
            return -chains;
        }
        pieces.writeNetHeader(scratch, headerSize, firstWord, lastField | chains << Short.SIZE);
        ScatterList.copy(frame, from, pieces, headerSize, length);
        int left = headerSize + length;
        for (int i = 0; i < chains; i++) {
            int written = Math.min(left, capacities[i]);
            queue.complete(heads[i], written);
            left -= written;
        }
        queue.take(chains);
        known -= chains;
        return DELIVERED;
    }

    /**
     * Lists chains until {@code needed} bytes fit. @return how many, or the negated answer for the caller of deliver
     */
    private int gather(int needed) {
        ScatterList list = pieces;
        list.clear();
        int chains = 0;
        int room = queue.size() + GuestMemory.MAX_REGIONS;
        while (chains == 0 || list.bytes() < needed) {
            if (chains == known) {
                known = queue.available();
                if (chains >= known) {
                    return queue.working() ? -(queue.fills(chains) ? TOO_LONG : NO_BUFFERS) : -CLOSED;
                }
            }
            if (chains > 0 && !mergeable || list.room() < room) {
                return -TOO_LONG;
            }
            long before = list.bytes();
            int head = queue.walk(chains, null, list);
            if (head < 0) {
                return -CLOSED;
            }
            long capacity = list.bytes() - before;
            // Section 5.1.6.3.1: every buffer has at least room for the header, so a frame takes a bounded number of
            // them.
            if (capacity < headerSize) {
                queue.breakQueue(QueueFault.BUFFER_TOO_SMALL);
                return -CLOSED;
            }
            heads[chains] = head;
            capacities[chains] = (int) Math.min(capacity, Integer.MAX_VALUE);
            chains++;
        }
        return chains;
    }

    /** Lists the next buffers, as {@link VirtQueue#list}. */
    public int list(Burst burst, int most) {
        return queue.list(burst, true, most);
    }

    /** Takes the first {@code chains} of a list and stages their used entries. */
    public void complete(Burst burst, int chains) {
        queue.complete(burst, chains);
        known = 0;
    }
}

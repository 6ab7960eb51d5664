package eu.mikelangelo.virtio;

/**
 * What a device side needs to know of a virtqueue to serve it, as the front-end announced it. Nothing here is checked:
 * the queue that is attached with it does.
 *
 * @param size entries: a power of two for a split queue (VIRTIO 1.3 section 2.7), any number for a packed one (2.8.10)
 * @param descriptorUser front-end address of the descriptor area: the table, or a packed queue's ring
 * @param availUser front-end address of the driver area: the available ring, or a packed queue's event suppression
 *     structure that the driver writes (4 bytes)
 * @param usedUser front-end address of the device area: the used ring, or a packed queue's event suppression structure
 *     that the device writes (4 bytes)
 * @param nextAvail where to begin, as vhost-user's SET_VRING_BASE says it. Split: index of the next available entry to
 *     take, 0 to 65,535. Packed, all 32 bits: the next available descriptor's place in bits 0 to 14 and its wrap
 *     counter in bit 15, the next used descriptor's place in bits 16 to 30 and its wrap counter in bit 31. A high half
 *     of zero where that position cannot be means the same as the low half (DPDK's virtio-user sends that)
 * @param features the feature bits the driver accepted
 */
public record QueueConfig(int size, long descriptorUser, long availUser, long usedUser, int nextAvail, long features) {
    /** @return whether the driver accepted the packed format */
    public boolean packed() {
        return Features.has(features, Features.PACKED);
    }

    /** @return bytes of the descriptor area */
    public int descriptorBytes() {
        return SplitRingLayout.descriptorBytes(size);
    }

    /** @return bytes of the driver area */
    public int availBytes() {
        return packed() ? PackedRingLayout.EVENT_SIZE : SplitRingLayout.availBytes(size);
    }

    /** @return bytes of the device area */
    public int usedBytes() {
        return packed() ? PackedRingLayout.EVENT_SIZE : SplitRingLayout.usedBytes(size);
    }

    /** @return alignment of the driver area, in bytes; that of the descriptor area is 16 and of the device area 4 */
    public int availAlign() {
        return packed() ? PackedRingLayout.EVENT_ALIGN : SplitRingLayout.AVAIL_ALIGN;
    }
}

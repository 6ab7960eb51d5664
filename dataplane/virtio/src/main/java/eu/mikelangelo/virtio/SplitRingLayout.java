package eu.mikelangelo.virtio;

/** Offsets and sizes, in bytes, of a split virtqueue's three parts (VIRTIO 1.3 sections 2.7.5 to 2.7.8). */
public final class SplitRingLayout {
    /** One descriptor: u64 address, u32 length, u16 flags, u16 next. */
    public static final int DESCRIPTOR_SIZE = 16;
    public static final int DESCRIPTOR_ADDRESS = 0;
    public static final int DESCRIPTOR_LENGTH = 8;
    public static final int DESCRIPTOR_FLAGS = 12;
    public static final int DESCRIPTOR_NEXT = 14;

    /** VIRTQ_DESC_F_NEXT: the chain goes on at {@code next}. */
    public static final int FLAG_NEXT = 1;
    /** VIRTQ_DESC_F_WRITE: for the device to write, otherwise to read. */
    public static final int FLAG_WRITE = 2;
    /** VIRTQ_DESC_F_INDIRECT: the buffer is a table of descriptors. */
    public static final int FLAG_INDIRECT = 4;

    /** The available ring: u16 flags, u16 idx, u16 ring[size], u16 used_event. */
    public static final int AVAIL_FLAGS = 0;
    public static final int AVAIL_INDEX = 2;
    public static final int AVAIL_RING = 4;
    public static final int AVAIL_ENTRY_SIZE = 2;

    /** VIRTQ_AVAIL_F_NO_INTERRUPT. */
    public static final int AVAIL_NO_INTERRUPT = 1;

    /** The used ring: u16 flags, u16 idx, { u32 id, u32 len }[size], u16 avail_event. */
    public static final int USED_FLAGS = 0;
    public static final int USED_INDEX = 2;
    public static final int USED_RING = 4;
    public static final int USED_ENTRY_SIZE = 8;
    public static final int USED_ENTRY_ID = 0;
    public static final int USED_ENTRY_LENGTH = 4;

    /** VIRTQ_USED_F_NO_NOTIFY. */
    public static final int USED_NO_NOTIFY = 1;

    /** Alignment the specification asks of the three parts (section 2.7). */
    public static final int DESCRIPTOR_ALIGN = 16;
    public static final int AVAIL_ALIGN = 2;
    public static final int USED_ALIGN = 4;

    private SplitRingLayout() {
    }

    /** @return bytes of the descriptor table of a queue of {@code size} entries */
    public static int descriptorBytes(int size) {
        return DESCRIPTOR_SIZE * size;
    }

    /** @return bytes of the available ring, its used_event included */
    public static int availBytes(int size) {
        return usedEvent(size) + 2;
    }

    /** @return bytes of the used ring, its avail_event included */
    public static int usedBytes(int size) {
        return availEvent(size) + 2;
    }

    /** @return offset of used_event in the available ring (VIRTIO_F_EVENT_IDX) */
    public static int usedEvent(int size) {
        return AVAIL_RING + AVAIL_ENTRY_SIZE * size;
    }

    /** @return offset of avail_event in the used ring (VIRTIO_F_EVENT_IDX) */
    public static int availEvent(int size) {
        return USED_RING + USED_ENTRY_SIZE * size;
    }
}

package eu.mikelangelo.virtio;

/**
 * Offsets, sizes and bits of a packed virtqueue's three parts (VIRTIO 1.3 sections 2.8.1, 2.8.13 and 2.8.14), and how
 * positions in it are counted.
 *
 * <p>A position counts descriptors over two laps of the ring, 0 to twice the size minus one: below the size the wrap
 * counter is 1, as in the first lap, from the size on it is 0.
 */
public final class PackedRingLayout {
    /** One descriptor: u64 address, u32 length, u16 id, u16 flags. */
    public static final int DESCRIPTOR_SIZE = 16;
    public static final int DESCRIPTOR_ADDRESS = 0;
    public static final int DESCRIPTOR_LENGTH = 8;
    public static final int DESCRIPTOR_ID = 12;
    public static final int DESCRIPTOR_FLAGS = 14;

    /** VIRTQ_DESC_F_NEXT: the chain goes on in the next descriptor of the ring. */
    public static final int FLAG_NEXT = 1;
    /** VIRTQ_DESC_F_WRITE: for the device to write; in a used descriptor: the device has written. */
    public static final int FLAG_WRITE = 2;
    /** VIRTQ_DESC_F_INDIRECT: the buffer is a table of descriptors. */
    public static final int FLAG_INDIRECT = 4;
    /** VIRTQ_DESC_F_AVAIL: the wrap counter of the lap in which the driver wrote it. */
    public static final int FLAG_AVAIL = 1 << 7;
    /** VIRTQ_DESC_F_USED: that of the lap in which the device used it. */
    public static final int FLAG_USED = 1 << 15;

    /** An event suppression structure: u16 position (bit 15 its wrap counter), u16 flags. */
    public static final int EVENT_POSITION = 0;
    public static final int EVENT_FLAGS = 2;
    public static final int EVENT_SIZE = 4;

    /** RING_EVENT_FLAGS_ENABLE: always notify. */
    public static final int EVENT_ENABLE = 0;
    /** RING_EVENT_FLAGS_DISABLE: never notify. */
    public static final int EVENT_DISABLE = 1;
    /** RING_EVENT_FLAGS_DESC: notify when the position is passed (VIRTIO_F_EVENT_IDX). */
    public static final int EVENT_DESCRIPTOR = 2;
    /** The bits of the flags that are not reserved. */
    public static final int EVENT_FLAGS_MASK = 3;

    /** Alignment the specification asks of the parts (section 2.8.10.1). */
    public static final int DESCRIPTOR_ALIGN = 16;
    public static final int EVENT_ALIGN = 4;

    /** Bit 15 of a position as memory and vhost-user have it. */
    public static final int WRAP = 1 << 15;
    private static final int PLACE = WRAP - 1;

    private PackedRingLayout() {
    }

    /** @return bytes of the descriptor ring of a queue of {@code size} entries */
    public static int descriptorBytes(int size) {
        return DESCRIPTOR_SIZE * size;
    }

    /** @return the place in the ring, 0 to {@code size} minus one, of a position */
    public static int place(int position, int size) {
        return position < size ? position : position - size;
    }

    /** @return {@code position} moved on by {@code count}, at most twice the size */
    public static int advance(int position, int count, int size) {
        int moved = position + count;
        return moved < 2 * size ? moved : moved - 2 * size;
    }

    /** @return how far {@code to} lies ahead of {@code from}, 0 to twice the size minus one */
    public static int distance(int from, int to, int size) {
        int apart = to - from;
        return apart < 0 ? apart + 2 * size : apart;
    }

    /** @return the AVAIL and USED bits of a descriptor that the driver made available at a position */
    public static int available(int position, int size) {
        return position < size ? FLAG_AVAIL : FLAG_USED;
    }

    /** @return the AVAIL and USED bits of a descriptor that the device used at a position */
    public static int used(int position, int size) {
        return position < size ? FLAG_AVAIL | FLAG_USED : 0;
    }

    /** @return 16 bits: the place, and the wrap counter in bit 15 */
    public static int encode(int position, int size) {
        return position < size ? position | WRAP : position - size;
    }

    /** @return the position that the low 16 bits of {@code encoded} mean; not a position when the place is none */
    public static int decode(int encoded, int size) {
        int place = encoded & PLACE;
        return (encoded & WRAP) != 0 ? place : place + size;
    }

    /** @return whether the low 16 bits of {@code encoded} name a place of the ring */
    public static boolean isPosition(int encoded, int size) {
        return (encoded & PLACE) < size;
    }
}

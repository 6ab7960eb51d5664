package eu.mikelangelo.vhost.inflight;

/** Offsets and sizes of the in-flight region, in bytes; little-endian. One part per queue, each aligned. */
public final class InflightLayout {
    /** Of each queue's part; the specification leaves it open, QEMU's library and DPDK have this. */
    public static final int ALIGNMENT = 64;
    /** The only version there is; 0 in memory that nobody has initialised. */
    static final int VERSION_1 = 1;

    /** Header of both forms: u64 features (0), u16 version, u16 entries. */
    static final int FEATURES = 0;
    static final int VERSION = 8;
    static final int ENTRIES = 10;

    /** QueueRegionSplit, continued: u16 last_batch_head, u16 used_idx, then the entries. */
    static final int LAST_BATCH_HEAD = 12;
    static final int USED_INDEX = 14;
    static final int SPLIT_HEADER = 16;
    /** DescStateSplit: u8 inflight, 5 bytes padding, u16 next, u64 counter. */
    static final int SPLIT_ENTRY = 16;
    static final int SPLIT_IN_FLIGHT = 0;
    static final int SPLIT_NEXT = 6;
    static final int SPLIT_COUNTER = 8;

    /** QueueRegionPacked, continued: four u16 (both free heads, both used indices), u8 wrap counters, padding. */
    static final int FREE_HEAD = 12;
    static final int OLD_FREE_HEAD = 14;
    static final int PACKED_USED_INDEX = 16;
    static final int OLD_USED_INDEX = 18;
    static final int USED_WRAP = 20;
    static final int OLD_USED_WRAP = 21;
    static final int PACKED_HEADER = 32;
    /** DescStatePacked: u8 inflight, u8 padding, u16 next, last, num, u64 counter, u16 id, flags, u32 len, u64 addr. */
    static final int PACKED_ENTRY = 32;
    static final int PACKED_NEXT = 2;

    private InflightLayout() {}

    /** Bytes of one queue's part. */
    public static long queueSize(int entries, boolean packed) {
        long size = packed ? PACKED_HEADER + (long) PACKED_ENTRY * entries
                : SPLIT_HEADER + (long) SPLIT_ENTRY * entries;
        return size + ALIGNMENT - 1 & -ALIGNMENT;
    }

    /** Bytes of the whole region. */
    public static long size(int queues, int entries, boolean packed) {
        return queues * queueSize(entries, packed);
    }
}

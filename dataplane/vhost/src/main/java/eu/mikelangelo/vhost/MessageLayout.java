package eu.mikelangelo.vhost;

/** Offsets and sizes of vhost-user messages, in bytes; little-endian (the specification's "native endianness"). */
final class MessageLayout {
    /** Header: u32 request, u32 flags, u32 payload size. */
    static final int REQUEST = 0;
    static final int FLAGS = 4;
    static final int SIZE = 8;
    static final int HEADER = 12;

    static final int VERSION_MASK = 0x3;
    static final int VERSION = 0x1;
    static final int REPLY = 0x4;
    static final int NEED_REPLY = 0x8;

    /** u64 payload. */
    static final int U64 = 8;

    /** Vring state: u32 index, u32 num. */
    static final int STATE = 8;

    /** Vring address: u32 index, u32 flags, u64 descriptor, used, available, log. */
    static final int ADDRESS = 40;

    /** Memory table: u32 count, u32 padding, then regions: u64 guest physical, size, user address, mmap offset. */
    static final int TABLE_HEADER = 8;
    static final int REGION = 32;
    /** Without CONFIGURE_MEM_SLOTS the specification allows 8 regions in a message. */
    static final int MAX_REGIONS = 8;

    /** A single region: u64 padding, then the region. */
    static final int SLOT_HEADER = 8;
    static final int SLOT = SLOT_HEADER + REGION;

    /**
     * In-flight description: u64 mmap size, u64 mmap offset, u16 queues, u16 queue size. QEMU and DPDK send their
     * structure's size, which is a multiple of 8; the specification's text would make it 20.
     */
    static final int INFLIGHT = 20;
    static final int INFLIGHT_PADDED = 24;

    /** Device configuration (which we do not serve): u32 offset, size, flags, then at most 256 bytes. */
    static final int GET_CONFIG = 24;
    static final int MAX_CONFIG = 12 + 256;

    /** The memory table has {@value #TABLE_HEADER} + 8 × {@value #REGION} bytes; a configuration has a few more. */
    static final int MAX_PAYLOAD = Math.max(TABLE_HEADER + MAX_REGIONS * REGION, MAX_CONFIG);
    static final int MAX_MESSAGE = HEADER + MAX_PAYLOAD;

    /** In the u64 of KICK, CALL and ERR: the ring's index, and "no descriptor comes with this". */
    static final long VRING_INDEX_MASK = 0xff;
    static final long VRING_NO_FD = 0x100;

    private MessageLayout() {}
}

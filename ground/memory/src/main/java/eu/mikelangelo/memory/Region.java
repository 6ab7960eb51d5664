package eu.mikelangelo.memory;

import eu.mikelangelo.memory.raw.Raw;
import eu.mikelangelo.memory.raw.Wide;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * One bounded piece of memory, read and written at byte offsets from its start; in little-endian order, and in the
 * network's where a name begins with {@code big}.
 *
 * <p>Every access is checked against the bounds by the segment itself: an offset computed wrongly by our own code
 * throws {@link IndexOutOfBoundsException}; it never touches a neighbour. Plain accessors take any alignment; the
 * acquire and release ones need natural alignment of the <em>address</em> (they throw
 * {@link IllegalArgumentException} otherwise), which the callers guarantee by checking the addresses of rings once,
 * when they are attached.
 *
 * <p>Memory shared with a peer that shrinks its file under us raises {@link InternalError} (SIGBUS), possibly a
 * little after the access that caused it; callers that serve guests must catch it and give up the guest.
 *
 * <p>Threading: immutable; what it points at is shared memory with no protection but the order modes named here.
 */
public final class Region {
    /** Copies up to this many bytes go word by word: the set-up of a bulk copy costs more than it saves. */
    private static final int SMALL_COPY = 63;

    private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort BIG_16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt BIG_32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final VarHandle ORDERED_16 = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle ORDERED_32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle ORDERED_64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private final MemorySegment segment;
    private final long size;

    /**
     * @param segment the memory, off the Java heap (heap arrays have no ordered access of other widths)
     * @throws IllegalArgumentException for a heap segment
     */
    public Region(MemorySegment segment) {
        if (!Objects.requireNonNull(segment, "segment").isNative()) {
            throw new IllegalArgumentException("a region needs memory outside the Java heap");
        }
        this.segment = segment;
        this.size = segment.byteSize();
    }

    /** @return bytes in this region */
    public long size() {
        return size;
    }

    /** @return the memory itself, for system calls */
    public MemorySegment segment() {
        return segment;
    }

    /** @return the byte at {@code offset}, 0 to 255 */
    public int u8(long offset) {
        return segment.get(U8, offset) & 0xff;
    }

    /** @return two bytes at {@code offset}, 0 to 65,535 */
    public int u16(long offset) {
        return segment.get(U16, offset) & 0xffff;
    }

    /** @return four bytes at {@code offset} */
    public int u32(long offset) {
        return segment.get(U32, offset);
    }

    /** @return eight bytes at {@code offset} */
    public long u64(long offset) {
        return segment.get(U64, offset);
    }

    /** Stores the low byte of {@code value}. */
    public void u8(long offset, int value) {
        segment.set(U8, offset, (byte) value);
    }

    /** Stores the low two bytes of {@code value}. */
    public void u16(long offset, int value) {
        segment.set(U16, offset, (short) value);
    }

    /** Stores four bytes. */
    public void u32(long offset, int value) {
        segment.set(U32, offset, value);
    }

    /** Stores eight bytes. */
    public void u64(long offset, long value) {
        segment.set(U64, offset, value);
    }

    /** @return two bytes at {@code offset}, big-endian, 0 to 65,535 */
    public int big16(long offset) {
        return segment.get(BIG_16, offset) & 0xffff;
    }

    /** @return four bytes at {@code offset}, big-endian */
    public int big32(long offset) {
        return segment.get(BIG_32, offset);
    }

    /** @return six bytes at {@code offset}, big-endian: a MAC address */
    public long big48(long offset) {
        return (long) big16(offset) << Integer.SIZE | big32(offset + Short.BYTES) & 0xffff_ffffL;
    }

    /** Stores the low two bytes of {@code value}, big-endian. */
    public void big16(long offset, int value) {
        segment.set(BIG_16, offset, (short) value);
    }

    /** Stores four bytes, big-endian. */
    public void big32(long offset, int value) {
        segment.set(BIG_32, offset, value);
    }

    /** Stores the low six bytes of {@code value}, big-endian. */
    public void big48(long offset, long value) {
        big16(offset, (int) (value >>> Integer.SIZE));
        big32(offset + Short.BYTES, (int) value);
    }

    /** @return two bytes at an even address; later accesses are not moved before it */
    public int u16Acquire(long offset) {
        return (short) ORDERED_16.getAcquire(segment, offset) & 0xffff;
    }

    /** Stores two bytes at an even address; earlier accesses are not moved after it. */
    public void u16Release(long offset, int value) {
        ORDERED_16.setRelease(segment, offset, (short) value);
    }

    /** @return two bytes at an even address, read once, with no order to other addresses */
    public int u16Opaque(long offset) {
        return (short) ORDERED_16.getOpaque(segment, offset) & 0xffff;
    }

    /** Stores two bytes at an even address in one piece, with no order to other addresses. */
    public void u16Opaque(long offset, int value) {
        ORDERED_16.setOpaque(segment, offset, (short) value);
    }

    /** @return four bytes at an address divisible by 4; later accesses are not moved before it */
    public int u32Acquire(long offset) {
        return (int) ORDERED_32.getAcquire(segment, offset);
    }

    /** Stores four bytes at an address divisible by 4; earlier accesses are not moved after it. */
    public void u32Release(long offset, int value) {
        ORDERED_32.setRelease(segment, offset, value);
    }

    /** @return eight bytes at an address divisible by 8, read once, with no order to other addresses */
    public long u64Opaque(long offset) {
        return (long) ORDERED_64.getOpaque(segment, offset);
    }

    /** @return eight bytes at an address divisible by 8; later accesses are not moved before it */
    public long u64Acquire(long offset) {
        return (long) ORDERED_64.getAcquire(segment, offset);
    }

    /** Stores eight bytes at an address divisible by 8; earlier accesses are not moved after it. */
    public void u64Release(long offset, long value) {
        ORDERED_64.setRelease(segment, offset, value);
    }

    /** Sets {@code length} bytes from {@code offset} on to zero. */
    public void clear(long offset, long length) {
        segment.asSlice(offset, length).fill((byte) 0);
    }

    /**
     * Copies {@code length} bytes; where source and target overlap the result is unspecified bytes within the target.
     *
     * @throws IndexOutOfBoundsException when either end leaves its region; nothing is promised about what was copied
     */
    public static void copy(Region source, long from, Region target, long to, int length) {
        MemorySegment s = source.segment;
        MemorySegment t = target.segment;
        if (Raw.WIDE && length >= Wide.LEAST && length <= Raw.WIDE_COPY) {
            Wide.copy(s, from, t, to, length);
            return;
        }
        if (length > SMALL_COPY || length < Long.BYTES) {
            copyOther(s, from, t, to, length);
            return;
        }
        // Overlapping tail: the last word is copied ending exactly at the end, so no loop over single bytes.
        int last = length - Long.BYTES;
        for (int at = 0; at < last; at += Long.BYTES) {
            t.set(U64, to + at, s.get(U64, from + at));
        }
        t.set(U64, to + last, s.get(U64, from + last));
    }

    private static void copyOther(MemorySegment s, long from, MemorySegment t, long to, int length) {
        if (length > SMALL_COPY || length < 0) {
            MemorySegment.copy(s, from, t, to, length);
            return;
        }
        for (int at = 0; at < length; at++) {
            t.set(U8, to + at, s.get(U8, from + at));
        }
    }
}

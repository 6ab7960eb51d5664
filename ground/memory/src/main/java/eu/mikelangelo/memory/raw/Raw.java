package eu.mikelangelo.memory.raw;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Any address of the process, little-endian, unchecked: a wrong one ends the JVM or reaches another guest. Between two
 * virtio-user ports frames of 64 bytes went 1.25 times as fast this way as through segments with their own bounds
 * ({@code ./do bench net}), because the checks of one frame kept the processor from waiting for the next ones' lines.
 *
 * <p>What makes an address good: {@link eu.mikelangelo.memory.GuestMemory#host} said so for all of the bytes used, and
 * the memory is mapped still (rings are stopped before their memory is unmapped).
 */
public final class Raw {
    /** Copies up to this many bytes go by whole vectors, where there are any: above, a bulk copy is as good. */
    public static final int WIDE_COPY = 512;
    /** Whether this JVM has the Vector API; {@link Wide} may not be touched where it has not. */
    public static final boolean WIDE = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Raw() {
    }

    /** @return two bytes, 0 to 65,535 */
    public static int u16(long address) {
        return ALL.get(U16, address) & 0xffff;
    }

    /** @return four bytes */
    public static int u32(long address) {
        return ALL.get(U32, address);
    }

    /** Stores four bytes. */
    public static void u32(long address, int value) {
        ALL.set(U32, address, value);
    }

    /** @return eight bytes */
    public static long u64(long address) {
        return ALL.get(U64, address);
    }

    /** Stores eight bytes. */
    public static void u64(long address, long value) {
        ALL.set(U64, address, value);
    }

    /** Loads before this are not moved behind loads after it: an acquire for all of the loads before. */
    public static void loadFence() {
        VarHandle.loadLoadFence();
    }

    /** Copies bytes; source and target do not overlap. */
    public static void copy(long from, long to, int length) {
        if (WIDE && length >= Wide.LEAST && length <= WIDE_COPY) {
            Wide.copy(ALL, from, ALL, to, length);
        } else {
            MemorySegment.copy(ALL, from, ALL, to, length);
        }
    }
}

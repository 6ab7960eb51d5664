package eu.mikelangelo.bench.netty;

import eu.mikelangelo.memory.Region;
import io.netty.buffer.ByteBuf;
import java.lang.foreign.MemorySegment;

/**
 * Regions over the memory of direct buffers, which the pool hands out again and again: those of late are kept, so that
 * the peer copies nothing and allocates next to nothing for our parser's sake. One event loop's alone.
 */
final class NettyRegions {
    private static final int SLOTS = 512;
    private final long[] addresses = new long[SLOTS];
    private final Region[] regions = new Region[SLOTS];

    /** All of the buffer's memory. */
    Region of(ByteBuf buffer) {
        long address = buffer.memoryAddress();
        int slot = (int) (address >>> 6 ^ address >>> 15) & SLOTS - 1;
        if (addresses[slot] != address || regions[slot].size() != buffer.capacity()) {
            addresses[slot] = address;
            regions[slot] = new Region(MemorySegment.ofAddress(address).reinterpret(buffer.capacity()));
        }
        return regions[slot];
    }
}

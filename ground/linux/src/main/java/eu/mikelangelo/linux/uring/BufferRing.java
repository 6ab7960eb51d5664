package eu.mikelangelo.linux.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A group of buffers of one size from which the kernel picks one when data has come: idle connections hold none
 * (io_uring_register(2), IORING_REGISTER_PBUF_RING). A buffer is either with the kernel or with us; each completion
 * with {@link Uring#BUFFER} hands one over ({@link #take}), {@link #recycle} gives it back. Owner thread of the ring
 * only; no allocation after {@link #register}.
 */
public final class BufferRing implements AutoCloseable {
    /** Groups are numbered 0 to this less one. */
    public static final int MAX_GROUPS = 1 << 16;
    private static final int BUFFER_ID_SHIFT = 16;
    private static final long PAGE = 4096;

    private final Uring ring;
    private final Arena arena;
    private final Region entries;
    private final MemorySegment memory;
    private final long start;
    private final int group;
    private final int count;
    private final int size;
    private final int mask;
    private final boolean[] ours;
    private int tail;
    private int taken;

    private BufferRing(Uring ring, Arena arena, int group, int count, int size, MemorySegment memory, long start) {
        this.ring = ring;
        this.arena = arena;
        this.group = group;
        this.count = count;
        this.size = size;
        this.memory = memory;
        this.start = start;
        int room = roundUp(count);
        mask = room - 1;
        entries = new Region(arena.allocate(UringLayout.BUF_SIZE * room, PAGE));
        ours = new boolean[count];
    }

    /**
     * Registers buffers {@code 0..count-1}, which lie one after the other, and gives all of them to the kernel.
     *
     * @param group number of the group, 0 to {@link #MAX_GROUPS} less one; the last is used by {@link Uring#open}
     * @param count buffers, 1 to 32,768
     * @param size bytes of a buffer
     * @param memory native memory of at least {@code count * size} bytes after {@code start}; it must stay open until
     *        {@link #close}
     * @return the group, or null when this kernel has no buffer rings or the group exists
     */
    public static BufferRing register(Uring ring, int group, int count, int size, MemorySegment memory, long start) {
        Objects.checkIndex(group, MAX_GROUPS);
        if (count < 1 || count > UringLayout.MAX_BUFFERS || size < 1) {
            throw new IllegalArgumentException(count + " buffers of " + size + " bytes");
        }
        long address = Native.address(memory, start, (long) count * size);
        Arena arena = Arena.ofShared();
        BufferRing buffers = new BufferRing(ring, arena, group, count, size, memory, start);
        for (int id = 0; id < count; id++) {
            buffers.put(id, address + (long) id * size);
        }
        buffers.publish();
        if (buffers.control(UringLayout.REGISTER_PBUF_RING) < 0) {
            arena.close();
            return null;
        }
        return buffers;
    }

    /** The number given at registration. */
    public int group() {
        return group;
    }

    /** Bytes of a buffer. */
    public int size() {
        return size;
    }

    /** The memory that {@link #offset} counts in. */
    public MemorySegment memory() {
        return memory;
    }

    /** Where buffer {@code id} begins in {@link #memory}. */
    public long offset(int id) {
        return start + (long) Objects.checkIndex(id, count) * size;
    }

    /** How many buffers the kernel has; at 0 receives end with -ENOBUFS. */
    public int available() {
        return count - taken;
    }

    /**
     * The buffer that a completion with {@link Uring#BUFFER} brought; ours until {@link #recycle}. Once per completion.
     *
     * @param flags of the completion
     * @throws IllegalStateException when the completion brought none, or one that is ours already
     */
    public int take(int flags) {
        int id = flags >>> BUFFER_ID_SHIFT;
        if ((flags & Uring.BUFFER) == 0 || id >= count || ours[id]) {
            throw new IllegalStateException("completion flags " + flags + " bring no buffer of group " + group);
        }
        ours[id] = true;
        taken++;
        return id;
    }

    /**
     * Gives a buffer back to the kernel.
     *
     * @throws IllegalStateException when it is not ours
     */
    public void recycle(int id) {
        if (!ours[Objects.checkIndex(id, count)]) {
            throw new IllegalStateException("buffer " + id + " of group " + group + " is with the kernel");
        }
        ours[id] = false;
        taken--;
        put(id, memory.address() + offset(id));
        publish();
    }

    /** Ends the group: receives that wait for its buffers fail. The ring must still be open. Once. */
    @Override
    public void close() {
        control(UringLayout.UNREGISTER_PBUF_RING);
        arena.close();
    }

    /** Field by field: the last two bytes of the first entry are the ring's tail. */
    private void put(int id, long address) {
        long at = (tail & mask) * UringLayout.BUF_SIZE;
        entries.u64(at + UringLayout.BUF_ADDR, address);
        entries.u32(at + UringLayout.BUF_LEN, size);
        entries.u16(at + UringLayout.BUF_ID, id);
        tail++;
    }

    /** Pairs with the kernel's acquire of the tail: the entries below it are complete. */
    private void publish() {
        entries.u16Release(UringLayout.BUF_TAIL, tail);
    }

    private int control(int operation) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment request = scratch.allocate(UringLayout.BUF_REG_SIZE, 8);
            request.set(JAVA_LONG, UringLayout.BUF_REG_ADDR,
                    operation == UringLayout.REGISTER_PBUF_RING ? entries.segment().address() : 0);
            request.set(JAVA_INT, UringLayout.BUF_REG_ENTRIES,
                    operation == UringLayout.REGISTER_PBUF_RING ? mask + 1 : 0);
            request.set(JAVA_SHORT, UringLayout.BUF_REG_GROUP, (short) group);
            return ring.register(operation, request, 1);
        }
    }

    private static int roundUp(int count) {
        return count == 1 ? 1 : Integer.highestOneBit(count - 1) << 1;
    }
}

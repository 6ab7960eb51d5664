package eu.mikelangelo.shard;

import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.memory.Reclaimer;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.memory.Slabs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The memory of one shard outside the Java heap: reserved when the host starts, as much as {@link
 * HostOptions#memoryBytes}
 * says and never more. What is still in use when the host has closed is reported in {@link Host#errors} as a leak.
 *
 * <p>Short of memory, an allocation asks the {@link Reclaimer}s of the shard's caches, in turn, before it is refused.
 *
 * <p>Threading: the shard's alone; a {@link Buffer} may be handed to other shards by mail and released there.
 */
public final class Memory {
    /** From so many bytes on, huge pages save more than they cost. */
    private static final long HUGE_FROM = 2L << 20;
    private final Shard shard;
    /** Shared, for the owner's fibers use it too; closed once. */
    private final Arena arena = Arena.ofShared();
    private final Slabs slabs;
    private final Region region;
    private Reclaimer[] reclaimers = new Reclaimer[0];
    private int nextReclaimer;
    /** Buffers that are at home, linked. */
    private Buffer idle;
    /** What this shard has released for others, by their index: chains that leave at the end of the turn. */
    private final Buffer[] leaving;
    private int leavingCount;
    private long reserved;

    Memory(Shard shard, long bytes) {
        this.shard = shard;
        slabs = Slabs.over(reserve(Math.ceilDiv(bytes, Slabs.PAGE) * Slabs.PAGE));
        region = new Region(slabs.segment());
        slabs.reclaimer(this::reclaim);
        leaving = new Buffer[shard.host().size()];
    }

    /** A piece of a shard's memory that finds its way home. Objects are used again: nothing is allocated for one. */
    public static final class Buffer implements AutoCloseable {
        private final Memory home;
        private long at;
        private int size;
        private boolean given;
        private Buffer next;

        private Buffer(Memory home) {
            this.home = home;
        }

        /** All memory of the shard that it is from; its bytes begin there {@link #at}. */
        public Region region() {
            return home.region;
        }

        /** Where in {@link #region} it begins. */
        public long at() {
            return at;
        }

        /** Bytes, at least what was asked for. */
        public int size() {
            return size;
        }

        /** The index of the shard that it is from. */
        public int home() {
            return home.shard.index();
        }

        /**
         * Gives it back. On its own shard at once; on another shard of the host it goes home by mail, together with all
         * others that are released in the same turn; on any other thread through the door.
         *
         * @throws IllegalStateException when it was given back before
         */
        @Override
        public void close() {
            if (given) {
                throw new IllegalStateException("the buffer of " + home.shard + " was given back before");
            }
            given = true;
            Shard here = Shard.current();
            if (here == home.shard) {
                home.takeBack(this);
            } else if (here != null && here.host() == home.shard.host()) {
                here.memory().send(this);
            } else {
                home.shard.host().outside(home.shard).enqueue(() -> home.takeBack(this));
            }
        }
    }

    /** Mail: a chain of buffers, the first of which is the first part, comes home. */
    static final Mailbox.Mail HOMEWARD = (here, from, first, b, c) -> bringHome((Buffer) first);

    private static void bringHome(Buffer first) {
        int count = 0;
        Buffer each = first;
        while (each != null) {
            Buffer following = each.next;
            each.home.takeBack(each);
            each = following;
            count++;
        }
        first.home.shard.metered().buffersHome.add(count);
    }

    /**
     * A buffer of at least {@code bytes}, 1 to {@link Slabs#MAX_BLOCK}; its content is whatever was there.
     *
     * @return null when there is no room, and no cache that would make some
     */
    public Buffer take(int bytes) {
        assert shard.isCurrent() : "memory is its shard's alone";
        return holding(slabs.allocate(bytes));
    }

    /** A buffer at a multiple of {@link Slabs#DIRECT}, for O_DIRECT. @return null when there is no room */
    public Buffer takeAligned(int bytes) {
        assert shard.isCurrent() : "memory is its shard's alone";
        return holding(slabs.allocateAligned(bytes));
    }

    private Buffer holding(long at) {
        if (at == Slabs.FULL) {
            return null;
        }
        Buffer buffer = idle == null ? new Buffer(this) : idle;
        idle = buffer.next;
        buffer.next = null;
        buffer.given = false;
        buffer.at = at;
        buffer.size = slabs.size(at);
        return buffer;
    }

    private void takeBack(Buffer buffer) {
        slabs.free(buffer.at);
        buffer.next = idle;
        idle = buffer;
    }

    /** On the shard that released it. */
    private void send(Buffer buffer) {
        buffer.next = leaving[buffer.home()];
        leaving[buffer.home()] = buffer;
        leavingCount++;
    }

    /** At the end of a turn: what was released goes home, all of one home as one piece of mail. */
    void sendHome() {
        if (leavingCount > 0) {
            leavingCount = 0;
            for (int to = 0; to < leaving.length; to++) {
                if (leaving[to] != null) {
                    shard.post().send(to, HOMEWARD, leaving[to], null, null);
                    leaving[to] = null;
                }
            }
        }
    }

    /** Blocks for those who keep books of their own; they are the shard's as buffers are. */
    public Slabs slabs() {
        return slabs;
    }

    /** All of it; blocks of {@link #slabs} are at their offsets in it. */
    public Region region() {
        return region;
    }

    /**
     * More memory for the shard's use as long as the host runs, such as a table or the pool of a cache: zero, taken
     * from the system now and by this thread, so that it lies near its CPU; in huge pages, when the system has them and
     * it is large, so that random access misses fewer translations. It counts for shard_memory_bytes.
     *
     * @throws OutOfMemoryError when the system does not have it
     * @throws IllegalArgumentException for less than a byte
     */
    public MemorySegment reserve(long bytes) {
        assert shard.isCurrent() || shard.host().simulation() != null : "memory is its shard's alone";
        if (bytes <= 0) {
            throw new IllegalArgumentException("reserving " + bytes + " bytes");
        }
        try {
            MemorySegment more = Mappings.anonymous(bytes, true, bytes >= HUGE_FROM, arena);
            reserved += bytes;
            shard.metered().memory.set(reserved);
            return more;
        } catch (LinuxException none) {
            throw new OutOfMemoryError(none.getMessage());
        }
    }

    /** What is asked for memory before an allocation is refused; see {@link Reclaimer} for what it may do. */
    public void add(Reclaimer cache) {
        assert shard.isCurrent() : "memory is its shard's alone";
        reclaimers = Arrays.copyOf(reclaimers, reclaimers.length + 1);
        reclaimers[reclaimers.length - 1] = cache;
    }

    /** Asks it no more; one that was never added is no error. */
    public void remove(Reclaimer cache) {
        assert shard.isCurrent() : "memory is its shard's alone";
        Reclaimer[] left = new Reclaimer[reclaimers.length];
        int count = 0;
        for (Reclaimer each : reclaimers) {
            if (each != cache) {
                left[count++] = each;
            }
        }
        reclaimers = Arrays.copyOf(left, count);
    }

    /** Each cache gives in its turn, so that none is emptied for the others' sake. */
    private boolean reclaim(Slabs from, int sizeClass) {
        for (int asked = 0; asked < reclaimers.length; asked++) {
            nextReclaimer = (nextReclaimer + 1) % reclaimers.length;
            if (reclaimers[nextReclaimer].reclaim(from, sizeClass)) {
                return true;
            }
        }
        return false;
    }

    /** When the loops have ended: what has been released, but never got home. */
    void bringHome() {
        for (Buffer first : leaving) {
            if (first != null) {
                bringHome(first);
            }
        }
        Arrays.fill(leaving, null);
    }

    /** When the loops have ended, and nobody uses it any more. */
    void close() {
        slabs.close();
        arena.close();
    }

    /** When the loops have ended. @return null when all came back, otherwise what did not */
    String leak() {
        if (slabs.liveBytes() == 0) {
            return null;
        }
        StringBuilder text = new StringBuilder(shard + ": " + slabs.liveBytes() + " bytes in");
        for (int i = 0; i < Slabs.CLASSES; i++) {
            if (slabs.liveBlocks(i) > 0) {
                text.append(' ').append(slabs.liveBlocks(i)).append(" blocks of ").append(Slabs.blockSize(i));
            }
        }
        return text.toString();
    }
}

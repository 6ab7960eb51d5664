package eu.mikelangelo.memory;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;

/**
 * A bounded allocator outside the Java heap, owned by one thread: all memory is there from the start, nothing is asked
 * of the system later and nothing allocates on the heap.
 *
 * <p>Memory is a row of 64 KiB pages. A <em>run</em> of one or more pages is cut into blocks of one size class
 * (quarter steps between powers of two, 16 bytes to 4 MiB). Allocation and release of a block take constant time; only
 * taking a new run looks for free pages in a bitmap, lowest first. A run whose blocks are all free goes back to the
 * pages, for any class to use; each class may keep one until others need it.
 *
 * <p>A block is known by its offset in {@link #segment}. Releasing what is no live block throws: double releases and
 * wrong offsets are found always, not only in tests. Writing to a block after its release is found when the damage is
 * met, as an {@link AssertionError}.
 *
 * <p>Threading: owner only, including the counts.
 */
public final class Slabs implements AutoCloseable {
    /** Bytes of a page; the memory is a multiple of it. */
    public static final int PAGE = 1 << 16;
    /** What {@link #allocateAligned} aligns to. */
    public static final int DIRECT = 4096;
    /** The largest block in bytes. */
    public static final int MAX_BLOCK = SizeClasses.LARGEST;
    /** How many size classes there are. */
    public static final int CLASSES = SizeClasses.COUNT;
    /** Answer of an allocation that found no room. */
    public static final long FULL = -1;
    /** How often one allocation asks the {@link Reclaimer} at most. */
    public static final int MAX_RECLAIMS = 1024;

    private static final int NONE = SizeClasses.NONE;
    private static final int GRAIN_LOG = 4;

    private final Arena arena;
    private final MemorySegment memory;
    /** One bit for each 16 bytes of memory, set where a live block begins. */
    private final MemorySegment liveBits;
    private final int pages;
    private final BitSet freePages;
    private final int[] runOfPage;

    // Of runs, by their first page.
    private final int[] runClass;
    private final int[] runLive;
    /** The first of the free blocks that were live before; each holds the number of the next in its first bytes. */
    private final int[] runFree;
    /** Blocks from this number on have never been live. */
    private final int[] runFresh;
    private final int[] next;
    private final int[] previous;

    /** The runs of a class that have free blocks: a ring, allocation from its head, runs come in at its tail. */
    private final int[] head = new int[CLASSES];
    private final int[] runs = new int[CLASSES];
    private final long[] live = new long[CLASSES];
    private final long[] highWater = new long[CLASSES];

    private Reclaimer reclaimer;
    private boolean reclaiming;
    private long liveBytes;
    private long refusals;

    private Slabs(MemorySegment memory, Arena arena) {
        this.arena = arena;
        this.memory = memory;
        pages = (int) (memory.byteSize() / PAGE);
        liveBits = arena.allocate(memory.byteSize() >>> GRAIN_LOG + 3, Long.BYTES);
        freePages = new BitSet(pages);
        freePages.set(0, pages);
        runOfPage = filled(pages);
        runClass = filled(pages);
        runLive = new int[pages];
        runFree = filled(pages);
        runFresh = new int[pages];
        next = filled(pages);
        previous = filled(pages);
        Arrays.fill(head, NONE);
    }

    /**
     * Reserves memory now, zeroed and touched.
     *
     * @param bytes rounded up to whole pages
     * @throws OutOfMemoryError when the system does not have it
     */
    public static Slabs reserve(long bytes) {
        long whole = Math.ceilDiv(bytes, PAGE) * PAGE;
        checkSize(whole);
        // Shared, for the owner's fibers use it too; closed once.
        Arena arena = Arena.ofShared();
        return new Slabs(arena.allocate(whole, DIRECT), arena);
    }

    /**
     * Uses memory that the caller has mapped, and that outlives this object.
     *
     * @param memory native, whole pages, beginning at a multiple of 4096
     */
    public static Slabs over(MemorySegment memory) {
        if (!memory.isNative() || memory.address() % DIRECT != 0 || memory.byteSize() % PAGE != 0) {
            throw new IllegalArgumentException("slabs need native memory of whole pages of " + PAGE + " bytes: "
                    + memory);
        }
        checkSize(memory.byteSize());
        return new Slabs(memory, Arena.ofShared());
    }

    /** Who is asked before an allocation is refused; null for nobody. */
    public void reclaimer(Reclaimer asked) {
        reclaimer = asked;
    }

    /** All memory; offsets count from its start. */
    public MemorySegment segment() {
        return memory;
    }

    /**
     * A block of at least {@code size} bytes, 1 to {@link #MAX_BLOCK}; at a multiple of 16. Its content is whatever
     * was there.
     *
     * @return its offset, or {@link #FULL}
     */
    public long allocate(int size) {
        return allocateIn(SizeClasses.of(size));
    }

    /** A block at a multiple of 4096, for O_DIRECT; its {@link #size} is one too. */
    public long allocateAligned(int size) {
        return allocateIn(SizeClasses.aligned(size));
    }

    /**
     * Releases a block.
     *
     * @throws IllegalStateException when no live block begins there
     */
    public void free(long offset) {
        int run = runOf(offset);
        int sizeClass = runClass[run];
        int block = SizeClasses.block(sizeClass);
        setLive(offset, false);
        memory.set(JAVA_INT, offset, runFree[run]);
        // A run is at most 4 MiB, so that a division of ints will do: it is several times faster than one of longs.
        runFree[run] = (int) (offset - start(run)) / block;
        live[sizeClass]--;
        liveBytes -= block;
        if (runLive[run]-- == SizeClasses.blocks(sizeClass)) {
            link(sizeClass, run);
        }
        if (runLive[run] == 0 && next[run] != run) {
            release(sizeClass, run);
        }
    }

    /** The bytes of a live block, at least what was asked for. */
    public int size(long offset) {
        return SizeClasses.block(runClass[runOf(offset)]);
    }

    /** The class of a live block. */
    public int sizeClass(long offset) {
        return runClass[runOf(offset)];
    }

    /** The class that {@link #allocate} takes for {@code size} bytes. */
    public static int classOf(int size) {
        return SizeClasses.of(size);
    }

    /** The bytes of a block of a class. */
    public static int blockSize(int sizeClass) {
        return SizeClasses.block(sizeClass);
    }

    /** Where the run of a live block begins: to release all blocks of one run makes room for any class. */
    public long runStart(long offset) {
        return start(runOf(offset));
    }

    /** Where the run that begins at {@code runStart} ends. */
    public long runEnd(long runStart) {
        int page = (int) (runStart / PAGE);
        if (runStart < 0 || runStart % PAGE != 0 || page >= pages || runOfPage[page] != page) {
            throw new IllegalStateException("no run begins at " + runStart);
        }
        return runStart + (long) SizeClasses.pages(runClass[page]) * PAGE;
    }

    /** The first live block at {@code from} or after it and before {@code end}; {@link #FULL} when there is none. */
    public long nextLive(long from, long end) {
        long bit = Math.max(from, 0) + (1 << GRAIN_LOG) - 1 >>> GRAIN_LOG;
        long last = Math.min(end, memory.byteSize()) + (1 << GRAIN_LOG) - 1 >>> GRAIN_LOG;
        while (bit < last) {
            long word = liveBits.get(JAVA_LONG, (bit >>> 6) * Long.BYTES) >>> bit;
            if (word != 0) {
                long found = bit + Long.numberOfTrailingZeros(word);
                return found < last ? found << GRAIN_LOG : FULL;
            }
            bit = (bit | 63) + 1;
        }
        return FULL;
    }

    /** Gives the empty runs that classes keep back to the pages. @return whether there were any */
    public boolean trim() {
        boolean any = false;
        for (int sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
            int run = head[sizeClass];
            if (run != NONE && runLive[run] == 0) {
                release(sizeClass, run);
                any = true;
            }
        }
        return any;
    }

    /** All memory, in bytes. */
    public long bytes() {
        return memory.byteSize();
    }

    /** Bytes in live blocks, rounded up to their classes. */
    public long liveBytes() {
        return liveBytes;
    }

    /** Pages of no class. */
    public int freePages() {
        return freePages.cardinality();
    }

    /** Live blocks of a class. */
    public long liveBlocks(int sizeClass) {
        return live[sizeClass];
    }

    /** Free blocks in the runs of a class. */
    public long freeBlocks(int sizeClass) {
        return (long) runs[sizeClass] * SizeClasses.blocks(sizeClass) - live[sizeClass];
    }

    /** The most live blocks that a class has had. */
    public long highWater(int sizeClass) {
        return highWater[sizeClass];
    }

    /** Allocations refused. */
    public long refusals() {
        return refusals;
    }

    /** Gives the memory back when {@link #reserve} took it. Nothing of it may be in use, by the kernel neither. */
    @Override
    public void close() {
        arena.close();
    }

    private long allocateIn(int sizeClass) {
        long offset = take(sizeClass);
        for (int asked = 0; offset == FULL && asked < MAX_RECLAIMS && reclaim(sizeClass); asked++) {
            offset = take(sizeClass);
        }
        if (offset == FULL) {
            refusals++;
        }
        return offset;
    }

    private boolean reclaim(int sizeClass) {
        if (reclaimer == null || reclaiming) {
            return false;
        }
        reclaiming = true;
        try {
            return reclaimer.reclaim(this, sizeClass);
        } finally {
            reclaiming = false;
        }
    }

    private long take(int sizeClass) {
        int run = head[sizeClass];
        if (run == NONE) {
            run = newRun(sizeClass);
            if (run == NONE) {
                return FULL;
            }
        }
        int block = SizeClasses.block(sizeClass);
        int index = runFree[run];
        long offset;
        if (index == NONE) {
            offset = start(run) + (long) runFresh[run]++ * block;
        } else {
            offset = start(run) + (long) index * block;
            runFree[run] = checkedLink(run, memory.get(JAVA_INT, offset), offset);
        }
        setLive(offset, true);
        if (++runLive[run] == SizeClasses.blocks(sizeClass)) {
            unlink(sizeClass, run);
        }
        liveBytes += block;
        highWater[sizeClass] = Math.max(highWater[sizeClass], ++live[sizeClass]);
        return offset;
    }

    private int checkedLink(int run, int link, long offset) {
        if (link < NONE || link >= runFresh[run]) {
            throw new AssertionError("the block at " + offset + " was written to after its release");
        }
        return link;
    }

    /** The run of a live block, by its first page. */
    private int runOf(long offset) {
        if (offset < 0 || offset >= memory.byteSize() || (offset & (1 << GRAIN_LOG) - 1) != 0 || !isLive(offset)) {
            throw new IllegalStateException("no live block begins at " + offset);
        }
        return runOfPage[(int) (offset / PAGE)];
    }

    private int newRun(int sizeClass) {
        int count = SizeClasses.pages(sizeClass);
        int first = findPages(count);
        if (first == NONE && trim()) {
            first = findPages(count);
        }
        if (first == NONE) {
            return NONE;
        }
        freePages.clear(first, first + count);
        Arrays.fill(runOfPage, first, first + count, first);
        runClass[first] = sizeClass;
        runLive[first] = 0;
        runFree[first] = NONE;
        runFresh[first] = 0;
        runs[sizeClass]++;
        link(sizeClass, first);
        return first;
    }

    private int findPages(int count) {
        int first = freePages.nextSetBit(0);
        while (first >= 0) {
            int end = freePages.nextClearBit(first);
            if (end - first >= count) {
                return first;
            }
            first = freePages.nextSetBit(end);
        }
        return NONE;
    }

    private void release(int sizeClass, int run) {
        unlink(sizeClass, run);
        int count = SizeClasses.pages(sizeClass);
        runs[sizeClass]--;
        Arrays.fill(runOfPage, run, run + count, NONE);
        freePages.set(run, run + count);
    }

    /** Puts a run at the tail of its class; an empty run that the class kept for want of others is not needed now. */
    private void link(int sizeClass, int run) {
        int first = head[sizeClass];
        if (first != NONE && runLive[first] == 0) {
            release(sizeClass, first);
            first = head[sizeClass];
        }
        if (first == NONE) {
            head[sizeClass] = run;
            next[run] = run;
            previous[run] = run;
            return;
        }
        int last = previous[first];
        next[last] = run;
        previous[run] = last;
        next[run] = first;
        previous[first] = run;
    }

    private void unlink(int sizeClass, int run) {
        if (next[run] == run) {
            head[sizeClass] = NONE;
            return;
        }
        next[previous[run]] = next[run];
        previous[next[run]] = previous[run];
        if (head[sizeClass] == run) {
            head[sizeClass] = next[run];
        }
    }

    private static long start(int run) {
        return (long) run * PAGE;
    }

    private boolean isLive(long offset) {
        long bit = offset >>> GRAIN_LOG;
        return (liveBits.get(JAVA_LONG, (bit >>> 6) * Long.BYTES) >>> bit & 1) != 0;
    }

    private void setLive(long offset, boolean on) {
        long bit = offset >>> GRAIN_LOG;
        long at = (bit >>> 6) * Long.BYTES;
        long word = liveBits.get(JAVA_LONG, at);
        liveBits.set(JAVA_LONG, at, on ? word | 1L << bit : word & ~(1L << bit));
    }

    private static int[] filled(int length) {
        int[] array = new int[length];
        Arrays.fill(array, NONE);
        return array;
    }

    private static void checkSize(long bytes) {
        if (bytes < PAGE || bytes / PAGE > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(bytes + " bytes for slabs; at least " + PAGE);
        }
    }
}

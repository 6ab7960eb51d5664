package eu.mikelangelo.examples.cache.slab;

import eu.mikelangelo.memory.Region;

/**
 * Pages of 1 MiB, each cut into chunks of one size; sizes grow by a quarter. Everything is reserved at start, and a
 * fresh page is cut as its chunks are asked for, so memory that is not used is not touched. One owner.
 *
 * <p>A free chunk is a member of its class's doubly linked list, so that those of a page that changes its class are
 * taken out without a search.
 */
public final class SlabChunks implements Chunks {
    public static final int PAGE = 1 << 20;
    /** In a free chunk: handles of the next free one of its class and of the one before. */
    private static final int FREE_NEXT = 0;
    private static final int FREE_BEFORE = 8;
    private static final int SMALLEST = 64;
    private static final int GRAIN = 8;
    /** Of each page; chunks start 8 bytes into it, so that no handle is 0. */
    private static final int CUT = PAGE - GRAIN;

    private final Region memory;
    private final int[] sizes;
    private final int[] freeHead;
    private final int[] freeCount;
    private final int[] pageCount;
    /** The page being cut, or -1, and the offset of its next chunk. */
    private final int[] cutPage;
    private final int[] cutAt;
    private final byte[] classOfPage;
    /** Class by size in steps of {@link #GRAIN} bytes. */
    private final byte[] classOfSize = new byte[CUT / GRAIN + 1];
    private final int pages;
    private int usedPages;

    /** @param memory a whole number of pages is used of it; at most 32 GiB */
    public SlabChunks(Region memory) {
        this.memory = memory;
        long all = memory.size() / PAGE;
        if (all < 1 || memory.size() > 32L << 30) {
            throw new IllegalArgumentException("a store needs 1 MiB to 32 GiB, not " + memory.size() + " bytes");
        }
        this.pages = (int) all;
        this.sizes = sizes();
        this.freeHead = new int[sizes.length];
        this.freeCount = new int[sizes.length];
        this.pageCount = new int[sizes.length];
        this.cutPage = new int[sizes.length];
        this.cutAt = new int[sizes.length];
        this.classOfPage = new byte[pages];
        java.util.Arrays.fill(cutPage, -1);
        int sizeClass = 0;
        for (int i = 0; i < classOfSize.length; i++) {
            while (i * GRAIN > sizes[sizeClass]) {
                sizeClass++;
            }
            classOfSize[i] = (byte) sizeClass;
        }
    }

    private static int[] sizes() {
        int[] all = new int[64];
        int count = 0;
        int size = SMALLEST;
        while (size < CUT / 2) {
            count = add(all, count, fit(size));
            size = (size + size / 4 + GRAIN - 1) / GRAIN * GRAIN;
        }
        count = add(all, count, fit(CUT / 2));
        count = add(all, count, CUT);
        return java.util.Arrays.copyOf(all, count);
    }

    private static int add(int[] all, int count, int size) {
        if (count > 0 && all[count - 1] == size) {
            return count;
        }
        all[count] = size;
        return count + 1;
    }

    /** As many to a page as of {@code size}, but leaving no remainder to waste. */
    private static int fit(int size) {
        return CUT / (CUT / size) / GRAIN * GRAIN;
    }

    @Override
    public Region memory() {
        return memory;
    }

    @Override
    public int classes() {
        return sizes.length;
    }

    @Override
    public int classOf(int bytes) {
        return bytes > CUT || bytes < 0 ? -1 : classOfSize[(bytes + GRAIN - 1) / GRAIN];
    }

    @Override
    public int chunkBytes(int sizeClass) {
        return sizes[sizeClass];
    }

    private static long offset(int handle) {
        return (handle & 0xffffffffL) * GRAIN;
    }

    @Override
    public int allocate(int sizeClass) {
        int head = freeHead[sizeClass];
        if (head != 0) {
            takeOut(sizeClass, head);
            return head;
        }
        if (cutPage[sizeClass] < 0) {
            if (usedPages == pages) {
                return 0;
            }
            adopt(usedPages++, sizeClass);
        }
        return cut(sizeClass);
    }

    private void adopt(int page, int sizeClass) {
        classOfPage[page] = (byte) sizeClass;
        pageCount[sizeClass]++;
        cutPage[sizeClass] = page;
        cutAt[sizeClass] = GRAIN;
    }

    private int cut(int sizeClass) {
        int page = cutPage[sizeClass];
        long at = (long) page * PAGE + cutAt[sizeClass];
        cutAt[sizeClass] += sizes[sizeClass];
        if (cutAt[sizeClass] + sizes[sizeClass] > PAGE) {
            cutPage[sizeClass] = -1;
        }
        memory.u16(at + STATE, 0);
        return (int) (at / GRAIN);
    }

    @Override
    public void free(int sizeClass, int handle) {
        long at = offset(handle);
        int head = freeHead[sizeClass];
        memory.u16(at + STATE, 0);
        memory.u32(at + FREE_NEXT, head);
        memory.u32(at + FREE_BEFORE, 0);
        if (head != 0) {
            memory.u32(offset(head) + FREE_BEFORE, handle);
        }
        freeHead[sizeClass] = handle;
        freeCount[sizeClass]++;
    }

    private void takeOut(int sizeClass, int handle) {
        long at = offset(handle);
        int next = memory.u32(at + FREE_NEXT);
        int before = memory.u32(at + FREE_BEFORE);
        if (before == 0) {
            freeHead[sizeClass] = next;
        } else {
            memory.u32(offset(before) + FREE_NEXT, next);
        }
        if (next != 0) {
            memory.u32(offset(next) + FREE_BEFORE, before);
        }
        freeCount[sizeClass]--;
    }

    @Override
    public int pages(int sizeClass) {
        return pageCount[sizeClass];
    }

    @Override
    public int freePages() {
        return pages - usedPages;
    }

    @Override
    public int freeChunks(int sizeClass) {
        int uncut = cutPage[sizeClass] < 0 ? 0 : (PAGE - cutAt[sizeClass]) / sizes[sizeClass];
        return freeCount[sizeClass] + uncut;
    }

    @Override
    public boolean move(int from, int to, Evictor evictor) {
        int page = page(from);
        if (page < 0 || cutPage[to] >= 0) {
            return false;
        }
        int made = CUT;
        if (cutPage[from] == page) {
            made = cutAt[from] - GRAIN;
            cutPage[from] = -1;
        }
        long start = (long) page * PAGE + GRAIN;
        for (int at = 0; at + sizes[from] <= made; at += sizes[from]) {
            int handle = (int) ((start + at) / GRAIN);
            evictor.evict(handle);
            takeOut(from, handle);
        }
        pageCount[from]--;
        adopt(page, to);
        return true;
    }

    /** A page of this class, rather one that is not being cut, or -1. */
    private int page(int sizeClass) {
        for (int page = 0; page < usedPages; page++) {
            if (classOfPage[page] == sizeClass && cutPage[sizeClass] != page) {
                return page;
            }
        }
        return cutPage[sizeClass];
    }
}

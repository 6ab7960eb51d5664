package eu.mikelangelo.memory;

/**
 * Block sizes of {@link Slabs}: 16, 32, 48, 64, then four steps between powers of two (80, 96, 112, 128, 160, …) up to
 * 4 MiB, so that a block above 64 bytes is at most a quarter larger than asked for. Blocks of a class are cut from runs
 * of pages, as few pages as leave at most an eighth of the run unused.
 */
final class SizeClasses {
    static final int SMALLEST = 16;
    static final int LARGEST = 4 << 20;
    static final int COUNT = 68;
    static final int NONE = -1;

    private static final int LINEAR_LIMIT = 64;
    private static final int LINEAR_CLASSES = LINEAR_LIMIT / SMALLEST;
    private static final int LINEAR_LOG = 6;
    /** Four steps a power of two. */
    private static final int STEPS_LOG = 2;
    private static final int STEPS = 1 << STEPS_LOG;
    private static final int WASTE_SHARE = 8;

    private static final int[] BLOCK = new int[COUNT];
    private static final int[] PAGES = new int[COUNT];
    private static final int[] BLOCKS = new int[COUNT];
    /** The first class at or above whose blocks all begin at multiples of 4096. */
    private static final int[] ALIGNED = new int[COUNT];

    static {
        for (int c = 0; c < COUNT; c++) {
            BLOCK[c] = c < LINEAR_CLASSES ? (c + 1) * SMALLEST
                    : (STEPS + 1 + (c - LINEAR_CLASSES) % STEPS)
                            << LINEAR_LOG - STEPS_LOG + (c - LINEAR_CLASSES) / STEPS;
            PAGES[c] = pagesFor(BLOCK[c]);
            BLOCKS[c] = (int) ((long) PAGES[c] * Slabs.PAGE / BLOCK[c]);
        }
        for (int c = COUNT - 1; c >= 0; c--) {
            ALIGNED[c] = BLOCK[c] % Slabs.DIRECT == 0 ? c : ALIGNED[c + 1];
        }
    }

    private SizeClasses() {}

    /** The class of the smallest block that holds {@code size} bytes, 1 to {@link #LARGEST}. */
    static int of(int size) {
        if (size < 1 || size > LARGEST) {
            throw new IllegalArgumentException("a block of " + size + " bytes; allowed are 1 to " + LARGEST);
        }
        if (size <= LINEAR_LIMIT) {
            return (size - 1) / SMALLEST;
        }
        int log = 31 - Integer.numberOfLeadingZeros(size - 1);
        int step = (size - 1 >>> log - STEPS_LOG) - STEPS;
        return LINEAR_CLASSES + (log - LINEAR_LOG) * STEPS + step;
    }

    /** Like {@link #of}, for blocks at multiples of 4096. */
    static int aligned(int size) {
        return ALIGNED[of(size)];
    }

    /** Bytes of a block. */
    static int block(int sizeClass) {
        return BLOCK[sizeClass];
    }

    /** Pages of a run. */
    static int pages(int sizeClass) {
        return PAGES[sizeClass];
    }

    /** Blocks of a run. */
    static int blocks(int sizeClass) {
        return BLOCKS[sizeClass];
    }

    private static int pagesFor(int block) {
        int pages = 1;
        while ((long) pages * Slabs.PAGE < block
                || (long) pages * Slabs.PAGE % block * WASTE_SHARE > (long) pages * Slabs.PAGE) {
            pages++;
        }
        return pages;
    }
}

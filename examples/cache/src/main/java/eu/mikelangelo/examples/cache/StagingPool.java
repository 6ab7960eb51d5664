package eu.mikelangelo.examples.cache;

import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;

/** A fixed number of equal buffers, reserved at the start. One owner. */
public final class StagingPool implements Staging {
    private final Region[] free;
    private final int bytes;
    private int count;
    private long refused;

    /**
     * @param arena owns the memory, {@code count * bytes} of it
     * @param count buffers
     * @param bytes of each; a value of 1 MiB with its command line and key needs 1 MiB + 4 KiB
     */
    public StagingPool(Arena arena, int count, int bytes) {
        this.free = new Region[count];
        this.bytes = bytes;
        this.count = count;
        for (int i = 0; i < count; i++) {
            free[i] = new Region(arena.allocate(bytes, 64));
        }
    }

    @Override
    public Region borrow(int wanted) {
        if (wanted > bytes || count == 0) {
            refused++;
            return null;
        }
        return free[--count];
    }

    @Override
    public void giveBack(Region region) {
        if (count == free.length || region.size() != bytes) {
            throw new IllegalArgumentException("not lent by this pool");
        }
        free[count++] = region;
    }

    /** Buffers that nobody has. */
    public int free() {
        return count;
    }

    /** How often there was none, or none large enough. */
    public long refused() {
        return refused;
    }
}

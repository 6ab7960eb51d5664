package eu.mikelangelo.memory;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A fuzz target for {@link Slabs}: the input is a program of allocations and releases, right and wrong, beside a model
 * that knows every live block. Blocks must lie inside, apart, aligned and keep their content; counts must agree; wrong
 * releases must be refused; at the end all pages must be free again.
 */
public final class SlabsFuzz {
    private static final int MAX_STEPS = 5000;
    private static final int STEP_BYTES = 4;

    private final byte[] program;
    private final Slabs slabs;
    private final int pages;
    private final TreeMap<Long, Long> live = new TreeMap<>();
    private final List<Long> order = new ArrayList<>();
    private long bytes;

    private SlabsFuzz(byte[] program, Slabs slabs) {
        this.program = program;
        this.slabs = slabs;
        pages = slabs.freePages();
    }

    /** Runs one program. @throws AssertionError when the allocator did what it must not */
    public static void fuzzerTestOneInput(byte[] program) {
        int pages = program.length == 0 ? 1 : 1 + (program[0] & 63);
        try (Slabs slabs = Slabs.reserve((long) pages * Slabs.PAGE)) {
            new SlabsFuzz(program, slabs).run();
        }
    }

    private void run() {
        int steps = Math.min(MAX_STEPS, (program.length - 1) / STEP_BYTES);
        for (int step = 0; step < steps; step++) {
            int at = 1 + step * STEP_BYTES;
            int kind = program[at] & 0xff;
            int operand = (program[at + 1] & 0xff) | (program[at + 2] & 0xff) << 8 | (program[at + 3] & 0xff) << 16;
            if (kind < 8) {
                // The kind chooses the order of magnitude, so that small and large sizes come as often.
                allocate(1 + operand % (32 << 2 * kind), false);
            } else if (kind == 8) {
                allocate(1 + operand % 100_000, true);
            } else if (kind < 0xf0) {
                free(operand);
            } else {
                freeWrong(operand - 50L);
            }
            require(bytes == slabs.liveBytes(), "live bytes " + slabs.liveBytes() + ", not " + bytes);
        }
        checkCounts();
        while (!order.isEmpty()) {
            free(0);
        }
        slabs.trim();
        require(slabs.freePages() == pages, slabs.freePages() + " of " + pages + " pages came back");
    }

    private void allocate(int size, boolean aligned) {
        long refused = slabs.refusals();
        long offset = aligned ? slabs.allocateAligned(size) : slabs.allocate(size);
        if (offset == Slabs.FULL) {
            require(slabs.refusals() == refused + 1, "a refusal was not counted");
            return;
        }
        long block = slabs.size(offset);
        require(block >= size && offset >= 0 && offset + block <= slabs.bytes(), "block " + offset + " + " + block);
        require(offset % (aligned ? Slabs.DIRECT : 16) == 0, "alignment of " + offset);
        Map.Entry<Long, Long> below = live.lowerEntry(offset + block);
        require(below == null || below.getKey() + below.getValue() <= offset, "blocks overlap at " + offset);
        live.put(offset, block);
        order.add(offset);
        bytes += block;
        slabs.segment().set(JAVA_LONG, offset, ~offset);
        slabs.segment().set(JAVA_LONG, offset + block - Long.BYTES, ~offset);
    }

    private void free(int choice) {
        if (order.isEmpty()) {
            return;
        }
        int index = choice % order.size();
        long offset = order.get(index);
        order.set(index, order.getLast());
        order.removeLast();
        long block = live.remove(offset);
        require(slabs.segment().get(JAVA_LONG, offset) == ~offset
                && slabs.segment().get(JAVA_LONG, offset + block - Long.BYTES) == ~offset, "content of " + offset);
        slabs.free(offset);
        bytes -= block;
    }

    private void freeWrong(long offset) {
        if (live.containsKey(offset)) {
            return;
        }
        try {
            slabs.free(offset);
        } catch (IllegalStateException refused) {
            return;
        }
        throw new AssertionError("the release of " + offset + " was taken");
    }

    private void checkCounts() {
        long counted = 0;
        long found = 0;
        for (int c = 0; c < Slabs.CLASSES; c++) {
            counted += slabs.liveBlocks(c) * Slabs.blockSize(c);
            require(slabs.freeBlocks(c) >= 0 && slabs.highWater(c) >= slabs.liveBlocks(c), "counts of class " + c);
        }
        for (long at = slabs.nextLive(0, slabs.bytes()); at >= 0; at = slabs.nextLive(at + 1, slabs.bytes())) {
            require(live.containsKey(at), "block " + at + " is not live");
            found++;
        }
        require(counted == bytes && found == live.size(), "counts " + counted + " and " + found);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}

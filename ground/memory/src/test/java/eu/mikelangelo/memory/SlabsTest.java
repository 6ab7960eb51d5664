package eu.mikelangelo.memory;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlabsTest {
    private static final int PAGE = Slabs.PAGE;

    @Test
    void classesCoverEverySizeWithinAQuarter() {
        for (int size = 1; size <= Slabs.MAX_BLOCK; size += size < 100_000 ? 1 : 997) {
            int sizeClass = Slabs.classOf(size);
            int block = Slabs.blockSize(sizeClass);
            assertTrue(block >= size && block % 16 == 0, size + " in " + block);
            assertTrue(sizeClass == 0 || Slabs.blockSize(sizeClass - 1) < size, size + " in " + block);
            assertTrue(size <= 64 || block - size <= size / 4 + 1, size + " in " + block);
        }
        assertEquals(Slabs.MAX_BLOCK, Slabs.blockSize(Slabs.CLASSES - 1));
        assertThrows(IllegalArgumentException.class, () -> Slabs.classOf(0));
        assertThrows(IllegalArgumentException.class, () -> Slabs.classOf(Slabs.MAX_BLOCK + 1));
        for (int c = 0; c < Slabs.CLASSES; c++) {
            long run = (long) SizeClasses.pages(c) * PAGE;
            long unused = run - (long) SizeClasses.blocks(c) * Slabs.blockSize(c);
            assertTrue(unused >= 0 && unused * 8 <= run, "class " + c + " leaves " + unused + " of " + run);
        }
    }

    @Test
    void alignedBlocksSuitDirectFiles() {
        try (Slabs slabs = Slabs.reserve(40L * PAGE)) {
            assertEquals(0, slabs.segment().address() % 4096);
            for (int size : new int[] {1, 512, 4096, 4097, 5000, 10_000, 12_288, 70_000, 100_000}) {
                long offset = slabs.allocateAligned(size);
                assertEquals(0, offset % 4096);
                assertEquals(0, slabs.size(offset) % 4096);
                assertTrue(slabs.size(offset) >= size);
            }
        }
    }

    @Test
    void whenFullItSaysSoAndGoesOn() {
        try (Slabs slabs = Slabs.reserve(2L * PAGE)) {
            List<Long> blocks = new ArrayList<>();
            for (long offset = slabs.allocate(1000); offset != Slabs.FULL; offset = slabs.allocate(1000)) {
                blocks.add(offset);
            }
            assertEquals(2 * (PAGE / 1024), blocks.size());
            assertEquals(1, slabs.refusals());
            assertEquals(2L * PAGE, slabs.liveBytes());
            assertEquals(Slabs.FULL, slabs.allocate(16));
            slabs.free(blocks.removeFirst());
            assertEquals(Slabs.FULL, slabs.allocate(16));
            assertTrue(slabs.allocate(1000) >= 0);
            int sizeClass = Slabs.classOf(1000);
            assertEquals(128, slabs.liveBlocks(sizeClass));
            assertEquals(128, slabs.highWater(sizeClass));
            assertEquals(0, slabs.freeBlocks(sizeClass));
            assertEquals(3, slabs.refusals());
        }
    }

    @Test
    void emptyRunsServeOtherClasses() {
        try (Slabs slabs = Slabs.reserve(16L * PAGE)) {
            for (int round = 0; round < 3; round++) {
                for (int size : new int[] {16, 100, 1000, 20_000, 60_000, 300_000, 1 << 20}) {
                    List<Long> blocks = new ArrayList<>();
                    for (long offset = slabs.allocate(size); offset >= 0; offset = slabs.allocate(size)) {
                        blocks.add(offset);
                    }
                    long room = (long) blocks.size() * Slabs.blockSize(Slabs.classOf(size));
                    assertTrue(room > 12L * PAGE, blocks.size() + " blocks of " + size);
                    blocks.forEach(slabs::free);
                }
            }
            assertTrue(slabs.freePages() < 16, "the last class keeps one run");
            assertTrue(slabs.trim());
            assertEquals(16, slabs.freePages());
            assertEquals(0, slabs.liveBytes());
        }
    }

    @Test
    void wrongReleasesAreFound() {
        try (Slabs slabs = Slabs.reserve(8L * PAGE)) {
            long offset = slabs.allocate(100);
            long other = slabs.allocate(100);
            for (long wrong : new long[] {-1, -16, offset + 1, offset + 16, other + 8, 4L * PAGE, 8L * PAGE,
                Long.MAX_VALUE, Long.MIN_VALUE}) {
                assertThrows(IllegalStateException.class, () -> slabs.free(wrong), "offset " + wrong);
                assertThrows(IllegalStateException.class, () -> slabs.size(wrong), "offset " + wrong);
            }
            slabs.free(offset);
            assertThrows(IllegalStateException.class, () -> slabs.free(offset));
            slabs.free(other);
            assertThrows(IllegalStateException.class, () -> slabs.free(other));
            assertEquals(0, slabs.liveBytes());
        }
    }

    @Test
    void writingAfterTheReleaseIsFound() {
        try (Slabs slabs = Slabs.reserve(PAGE)) {
            long offset = slabs.allocate(100);
            slabs.allocate(100);
            slabs.free(offset);
            slabs.segment().set(JAVA_INT, offset, 12_345);
            assertThrows(AssertionError.class, () -> slabs.allocate(100));
        }
    }

    @Test
    void theReclaimerIsAskedBeforeARefusal() {
        try (Slabs slabs = Slabs.reserve(4L * PAGE)) {
            List<Long> cache = new ArrayList<>();
            int[] asked = new int[1];
            slabs.reclaimer((from, sizeClass) -> {
                asked[0]++;
                assertEquals(Slabs.FULL, from.allocate(Slabs.blockSize(sizeClass)),
                        "an allocation inside does not recurse");
                if (cache.isEmpty()) {
                    return false;
                }
                from.free(cache.removeFirst());
                return true;
            });
            for (int i = 0; i < 1000; i++) {
                long offset = slabs.allocate(2000);
                assertNotEquals(Slabs.FULL, offset);
                cache.add(offset);
            }
            assertEquals(1000 - 4 * (PAGE / 2048), asked[0]);
            assertEquals(4 * (PAGE / 2048), cache.size());
            long large = slabs.allocate(PAGE);
            assertTrue(large >= 0, "enough neighbours were dropped for a whole page");
            slabs.reclaimer(null);
            assertEquals(Slabs.FULL, slabs.allocate(4 * PAGE));
        }
    }

    @Test
    void aHopelessReclaimerIsNotAskedForEver() {
        try (Slabs slabs = Slabs.reserve(PAGE)) {
            int[] asked = new int[1];
            slabs.reclaimer((from, sizeClass) -> ++asked[0] > 0);
            assertEquals(Slabs.FULL, slabs.allocate(2 * PAGE));
            assertEquals(Slabs.MAX_RECLAIMS, asked[0]);
        }
    }

    @Test
    void theBlocksOfARunCanBeFound() {
        try (Slabs slabs = Slabs.reserve(16L * PAGE)) {
            slabs.allocate(5000);
            List<Long> blocks = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                blocks.add(slabs.allocate(20_000));
            }
            for (int i = 0; i < 20; i += 2) {
                slabs.free(blocks.get(i));
            }
            long start = slabs.runStart(blocks.get(1));
            long end = slabs.runEnd(start);
            List<Long> found = new ArrayList<>();
            for (long at = slabs.nextLive(start, end); at >= 0; at = slabs.nextLive(at + 1, end)) {
                found.add(at);
            }
            assertEquals(blocks.stream().filter(b -> b >= start && b < end && blocks.indexOf(b) % 2 == 1).toList(),
                    found);
            assertEquals(Slabs.FULL, slabs.nextLive(15L * PAGE, Long.MAX_VALUE));
            assertEquals(0, slabs.nextLive(-5, 1));
            assertThrows(IllegalStateException.class, () -> slabs.runEnd(15L * PAGE));
            assertThrows(IllegalStateException.class, () -> slabs.runEnd(16L * PAGE));
            assertThrows(IllegalStateException.class, () -> slabs.runEnd(1));
            assertThrows(IllegalStateException.class, () -> slabs.runEnd(-PAGE));
            assertEquals(Slabs.classOf(20_000), slabs.sizeClass(blocks.get(1)));
        }
    }

    @Test
    void memoryOfOthersCanBeUsed() {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(2 * PAGE, 4096);
            Slabs slabs = Slabs.over(memory);
            long offset = slabs.allocate(8);
            slabs.segment().set(JAVA_LONG, offset, 7);
            assertEquals(7, memory.get(JAVA_LONG, offset));
            assertEquals(2L * PAGE, slabs.bytes());
            slabs.close();
            assertEquals(7, memory.get(JAVA_LONG, offset));
            assertThrows(IllegalStateException.class, () -> slabs.allocate(8));
            assertThrows(IllegalArgumentException.class, () -> Slabs.over(memory.asSlice(0, PAGE + 16)));
            assertThrows(IllegalArgumentException.class, () -> Slabs.over(memory.asSlice(16, PAGE)));
            assertThrows(IllegalArgumentException.class, () -> Slabs.over(memory.asSlice(0, 0)));
            assertThrows(IllegalArgumentException.class, () -> Slabs.over(MemorySegment.ofArray(new byte[PAGE])));
        }
        assertThrows(IllegalArgumentException.class, () -> Slabs.reserve(0));
    }

    @Test
    void nothingIsAllocatedOnTheHeap() {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Slabs slabs = Slabs.reserve(64L * PAGE)) {
            long[] blocks = new long[512];
            java.util.Arrays.fill(blocks, Slabs.FULL);
            long least = Long.MAX_VALUE;
            for (int window = 0; window < 40 && least > 0; window++) {
                long before = bean.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 5000; i++) {
                    int at = i * 31 & 511;
                    if (blocks[at] != Slabs.FULL) {
                        slabs.free(blocks[at]);
                    }
                    blocks[at] = slabs.allocate(1 + (i * 977 & 0x7fff));
                }
                least = Math.min(least, bean.getCurrentThreadAllocatedBytes() - before);
            }
            assertEquals(0, least);
        }
    }

    /** Random programs against a model that knows every live block and its content; see {@link SlabsFuzz}. */
    @Test
    void agreesWithAModel() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            byte[] program = new byte[1 + 4 * 4000];
            random.nextBytes(program);
            // Waves of growth and shrinkage, so that runs fill and empty.
            for (int at = 1; at < program.length; at += 4) {
                boolean grow = random.nextInt(100) < (at / 2000 % 2 == 0 ? 75 : 30);
                program[at] = (byte) (random.nextInt(200) == 0 ? 0xff : grow ? random.nextInt(9) : 9);
            }
            SlabsFuzz.fuzzerTestOneInput(program);
        }
    }
}

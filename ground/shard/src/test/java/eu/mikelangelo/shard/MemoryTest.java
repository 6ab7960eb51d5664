package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Reclaimer;
import eu.mikelangelo.memory.Slabs;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The memory of shards: bounded, given back from anywhere, asked for from caches, and counted to the last block. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MemoryTest {
    private final Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true)
            .withMailCapacity(2).withMemoryBytes(1 << 20));
    private final Sharded<int[]> shards = host.spread(shard -> new int[1]);

    @AfterEach
    void stop() {
        host.close();
    }

    private long live(int shard) {
        return host.run(() -> shards.on(shard).call(any -> Shard.current().memory().slabs().liveBytes()).await());
    }

    @Test
    void aBufferIsOnesOwnUntilItIsGivenBack() {
        host.run(() -> {
            Memory memory = Shard.current().memory();
            Memory.Buffer one = memory.take(100);
            Memory.Buffer two = memory.takeAligned(5_000);
            assertTrue(one.size() >= 100 && two.size() >= 5_000);
            assertEquals(0, two.at() % Slabs.DIRECT);
            assertSame(memory.region(), one.region());
            one.region().u64(one.at(), 7);
            two.region().u64(two.at(), 8);
            assertEquals(7, one.region().u64(one.at()));
            one.close();
            assertThrows(IllegalStateException.class, one::close);
            assertSame(one, memory.take(1), "the object is used again");
            one.close();
            two.close();
            assertNull(memory.take(2 << 20), "larger than all there is");
            return null;
        });
        host.close();
        assertEquals(List.of(), host.errors().entries());
    }

    @Test
    void buffersGoHomeFromOtherShardsInBatches() {
        host.run(() -> {
            for (int round = 0; round < 50; round++) {
                List<Future<Integer>> uses = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    Memory.Buffer buffer = Shard.current().memory().take(64);
                    buffer.region().u32(buffer.at(), i);
                    uses.add(shards.on(1).call(any -> {
                        int value = buffer.region().u32(buffer.at());
                        assertEquals(0, buffer.home());
                        buffer.close();
                        assertThrows(IllegalStateException.class, buffer::close);
                        return value;
                    }));
                }
                assertEquals(99, Future.all(uses).await().getLast());
            }
            return null;
        });
        host.run(() -> {
            while (Shard.current().memory().slabs().liveBytes() > 0) {
                Fiber.sleepNs(1_000_000);
            }
            return null;
        });
        assertEquals(5_000,
                host.metrics().reader().value("shard_buffers_home_total", -1, "host", "host", "shard", "0"));
        host.close();
        assertEquals(List.of(), host.errors().entries());
    }

    @Test
    void buffersGoHomeThroughTheDoorAndAtTheVeryEnd() throws Exception {
        Memory.Buffer outside = host.run(() -> Shard.current().memory().take(64));
        outside.close();
        while (live(0) > 0) {
            Thread.onSpinWait();
        }
        // Given back on the other shard while all ends: no loop is left to take it home.
        Memory.Buffer late = host.run(() -> Shard.current().memory().take(64));
        host.onClose(() -> host.outside(1).call(() -> {
            late.close();
            return null;
        }).get());
        Memory.Buffer atTheDoor = host.run(() -> Shard.current().memory().take(64));
        host.onClose(() -> {
            atTheDoor.close();
            return null;
        });
        host.close();
        assertEquals(List.of(), host.errors().entries());
    }

    @Test
    void aLeakIsToldWhenTheHostCloses() {
        host.run(() -> shards.on(1).call(any -> Shard.current().memory().take(1_000)).await());
        host.close();
        String entry = host.errors().entries().toString();
        assertTrue(entry.contains("memory was not given back"), entry);
        assertTrue(entry.contains("shard 1: 1024 bytes in 1 blocks"), entry);
    }

    /** A cache that gives the oldest. */
    private static final class Cache implements Reclaimer {
        private final ArrayDeque<Memory.Buffer> entries = new ArrayDeque<>();
        private int asked;

        @Override
        public boolean reclaim(Slabs slabs, int sizeClass) {
            asked++;
            Memory.Buffer oldest = entries.poll();
            if (oldest != null) {
                oldest.close();
            }
            return oldest != null;
        }
    }

    @Test
    void cachesAreAskedInTurnBeforeAnAllocationIsRefused() {
        host.run(() -> {
            Memory memory = Shard.current().memory();
            Cache one = new Cache();
            Cache two = new Cache();
            memory.add(one);
            memory.add(two);
            int size = 16_384;
            for (Memory.Buffer buffer = memory.take(size); one.asked + two.asked == 0; buffer = memory.take(size)) {
                (one.entries.size() <= two.entries.size() ? one : two).entries.add(buffer);
            }
            int before = one.entries.size() + two.entries.size();
            List<Memory.Buffer> mine = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Memory.Buffer buffer = memory.take(size);
                assertNotNull(buffer);
                mine.add(buffer);
            }
            assertTrue(one.asked >= 5 && two.asked >= 5, one.asked + " and " + two.asked);
            assertEquals(before - 10, one.entries.size() + two.entries.size());
            memory.remove(one);
            memory.remove(two);
            memory.remove(two);
            assertEquals(0, memory.slabs().refusals());
            assertNull(memory.take(size));
            assertEquals(1, memory.slabs().refusals());
            one.entries.forEach(Memory.Buffer::close);
            two.entries.forEach(Memory.Buffer::close);
            mine.forEach(Memory.Buffer::close);
            return memory;
        });
    }

    @Test
    void aHostThatFindsNoMemoryDoesNotStart() {
        HostOptions tooMuch = HostOptions.defaults().withShards(2).withOverprovisioned(true).withMemoryBytes(1L << 40);
        assertThrows(OutOfMemoryError.class, () -> Host.start(tooMuch));
    }

    @Test
    void moreCanBeReserved() {
        MemorySegment[] more = new MemorySegment[2];
        host.run(() -> {
            Memory memory = Shard.current().memory();
            long before = Shard.current().metered().memory.get();
            assertEquals(1 << 20, before);
            more[0] = memory.reserve(1_001);
            more[1] = memory.reserve((4 << 20) + 3);
            assertEquals(before + 1_001 + (4 << 20) + 3, Shard.current().metered().memory.get());
            for (MemorySegment each : more) {
                assertEquals(0, each.address() % 4_096);
                assertEquals(-1, each.mismatch(MemorySegment.ofArray(new byte[(int) each.byteSize()])), "zero");
                each.set(ValueLayout.JAVA_BYTE, each.byteSize() - 1, (byte) 1);
            }
            assertThrows(IllegalArgumentException.class, () -> memory.reserve(0));
            assertThrows(IllegalArgumentException.class, () -> memory.reserve(-5));
            assertThrows(OutOfMemoryError.class, () -> memory.reserve(1L << 60));
            assertEquals(before + 1_001 + (4 << 20) + 3, Shard.current().metered().memory.get());
            return null;
        });
        host.close();
        assertEquals(List.of(), host.errors().entries());
        for (MemorySegment each : more) {
            assertThrows(IllegalStateException.class, () -> each.get(ValueLayout.JAVA_BYTE, 0));
        }
    }
}

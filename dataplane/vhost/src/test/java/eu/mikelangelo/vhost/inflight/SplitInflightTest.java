package eu.mikelangelo.vhost.inflight;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SplitInflightTest {
    private static final int ENTRIES = 16;

    /** A device that is killed between any two of its calls; its successor must find exactly what is not used. */
    @Test
    void aSuccessorFindsWhatWasInFlight() {
        for (long seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            Region part = InflightRegion.ofPrivateMemory(1, ENTRIES, false).part(0);
            SplitInflight notes = new SplitInflight(part, ENTRIES);
            List<Integer> inFlight = new ArrayList<>();
            List<Integer> batch = new ArrayList<>();
            int usedIndex = random.nextInt(0x10000);
            assertEquals(0, notes.recover(usedIndex, new int[ENTRIES]));
            for (int step = 0; step < 60; step++) {
                int head = random.nextInt(ENTRIES);
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> {
                        if (!inFlight.contains(head)) {
                            notes.taken(head);
                            inFlight.add(head);
                        }
                    }
                    case 3, 4 -> {
                        if (inFlight.contains(head) && !batch.contains(head)) {
                            notes.used(head);
                            batch.add(head);
                        }
                    }
                    case 5 -> {
                        usedIndex = usedIndex + batch.size() & 0xffff;
                        inFlight.removeAll(batch);
                        batch.clear();
                        if (random.nextBoolean()) {
                            notes.published(usedIndex);
                        } else {
                            notes = successor(part, usedIndex, inFlight, seed);
                        }
                    }
                    case 6 -> {
                        batch.clear();
                        notes = successor(part, usedIndex, inFlight, seed);
                    }
                    default -> { }
                }
            }
        }
    }

    private static SplitInflight successor(Region part, int usedIndex, List<Integer> inFlight, long seed) {
        SplitInflight next = new SplitInflight(part, ENTRIES);
        int[] heads = new int[ENTRIES];
        int count = next.recover(usedIndex, heads);
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            found.add(heads[i]);
        }
        assertEquals(inFlight, found, "seed " + seed);
        return next;
    }

    @Test
    void whateverIsInTheMemoryTheHeadsLieInTheRing() {
        for (long seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            Region part = InflightRegion.ofPrivateMemory(1, ENTRIES, false).part(0);
            for (long at = InflightLayout.LAST_BATCH_HEAD; at < part.size(); at++) {
                part.u8(at, random.nextInt());
            }
            SplitInflight notes = new SplitInflight(part, ENTRIES);
            int[] heads = new int[ENTRIES];
            int count = notes.recover(random.nextInt(0x10000), heads);
            for (int i = 0; i < count; i++) {
                assertTrue(heads[i] >= 0 && heads[i] < ENTRIES);
                notes.taken(heads[i]);
                notes.used(heads[i]);
            }
            part.u16(InflightLayout.LAST_BATCH_HEAD, random.nextInt());
            notes.published(count);
        }
    }

    @Test
    void aRegionMustBeWhatItSays() {
        InflightRegion region = InflightRegion.ofPrivateMemory(2, 64, true);
        assertEquals(InflightLayout.queueSize(64, true), region.part(1).size());
        assertEquals(5, region.part(1).u16(InflightLayout.PACKED_HEADER + 4 * InflightLayout.PACKED_ENTRY
                + InflightLayout.PACKED_NEXT));
        assertEquals(1, region.part(1).u8(InflightLayout.USED_WRAP));
        assertEquals(1, region.part(1).u8(InflightLayout.OLD_USED_WRAP));
        region.part(1).u16(InflightLayout.VERSION, 2);
        assertThrows(IllegalArgumentException.class,
                () -> new InflightRegion(region.part(0).segment().reinterpret(2 * region.part(0).size()), 2, 64, true));
    }

    /** The specification's structures as a C compiler lays them out. */
    @Test
    void sizesAreTheSpecifications() {
        assertEquals(64, InflightLayout.queueSize(1, false));
        assertEquals(4_160, InflightLayout.queueSize(256, false));
        assertEquals(64, InflightLayout.queueSize(1, true));
        assertEquals(8_256, InflightLayout.queueSize(256, true));
        assertEquals(3 * 4_160, InflightLayout.size(3, 256, false));
    }
}

package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The numbers of VIRTIO 1.3: section 2.7's table of sizes, 2.7.5 to 2.7.8, 5.1.3, 5.1.6 and 6. */
class SplitRingLayoutTest {
    @Test
    void ringsHaveTheSizesOfTheSpecification() {
        for (int size = 1; size <= 32768; size *= 2) {
            assertEquals(16 * size, SplitRingLayout.descriptorBytes(size));
            assertEquals(6 + 2 * size, SplitRingLayout.availBytes(size));
            assertEquals(6 + 8 * size, SplitRingLayout.usedBytes(size));
            assertEquals(SplitRingLayout.availBytes(size) - 2, SplitRingLayout.usedEvent(size));
            assertEquals(SplitRingLayout.usedBytes(size) - 2, SplitRingLayout.availEvent(size));
        }
    }

    @Test
    void fieldsFollowEachOtherWithoutHoles() {
        assertEquals(0, SplitRingLayout.DESCRIPTOR_ADDRESS);
        assertEquals(8, SplitRingLayout.DESCRIPTOR_LENGTH);
        assertEquals(12, SplitRingLayout.DESCRIPTOR_FLAGS);
        assertEquals(14, SplitRingLayout.DESCRIPTOR_NEXT);
        assertEquals(SplitRingLayout.DESCRIPTOR_NEXT + 2, SplitRingLayout.DESCRIPTOR_SIZE);
        assertEquals(4, SplitRingLayout.USED_ENTRY_LENGTH);
        assertEquals(1, SplitRingLayout.FLAG_NEXT);
        assertEquals(2, SplitRingLayout.FLAG_WRITE);
        assertEquals(4, SplitRingLayout.FLAG_INDIRECT);
    }

    @Test
    void netHeaderHasTheSizeOfTheSpecification() {
        assertEquals(12, NetHeaderLayout.size(Features.VERSION_1));
        assertEquals(12, NetHeaderLayout.size(Features.NET_MRG_RXBUF));
        assertEquals(10, NetHeaderLayout.size(Features.EVENT_IDX));
        assertEquals(NetHeaderLayout.BUFFERS + 2, NetHeaderLayout.SIZE);
    }

    @Test
    void offeredFeaturesAreThoseOfTheSpecificationAndNeverFewer() {
        long since1 = 1L << 15 | 1L << 3 | 1L << 16 | 1L << 27 | 1L << 28 | 1L << 29 | 1L << 32;
        assertEquals(since1, Features.NET_OFFERED & since1, "a machine's features are fixed for its life");
        long offloads = 1L | 1L << 1 | 7L << 7 | 7L << 11 | 7L << 54;
        assertEquals(since1 | offloads, Features.NET_OFFERED & ~(1L << 34 | 1L << 35 | 1L << 22));
    }
}

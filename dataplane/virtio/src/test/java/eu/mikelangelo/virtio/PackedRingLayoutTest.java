package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The numbers of VIRTIO 1.3: section 2.8.1, 2.8.10.1, 2.8.13 and 2.8.14, and the arithmetic of two laps. */
class PackedRingLayoutTest {
    @Test
    void fieldsAndBitsAreThoseOfTheSpecification() {
        assertEquals(0, PackedRingLayout.DESCRIPTOR_ADDRESS);
        assertEquals(8, PackedRingLayout.DESCRIPTOR_LENGTH);
        assertEquals(12, PackedRingLayout.DESCRIPTOR_ID);
        assertEquals(14, PackedRingLayout.DESCRIPTOR_FLAGS);
        assertEquals(16, PackedRingLayout.DESCRIPTOR_SIZE);
        assertEquals(16, PackedRingLayout.DESCRIPTOR_ALIGN);
        assertEquals(1, PackedRingLayout.FLAG_NEXT);
        assertEquals(2, PackedRingLayout.FLAG_WRITE);
        assertEquals(4, PackedRingLayout.FLAG_INDIRECT);
        assertEquals(0x80, PackedRingLayout.FLAG_AVAIL);
        assertEquals(0x8000, PackedRingLayout.FLAG_USED);
        assertEquals(0, PackedRingLayout.EVENT_POSITION);
        assertEquals(2, PackedRingLayout.EVENT_FLAGS);
        assertEquals(4, PackedRingLayout.EVENT_SIZE);
        assertEquals(4, PackedRingLayout.EVENT_ALIGN);
        assertEquals(0, PackedRingLayout.EVENT_ENABLE);
        assertEquals(1, PackedRingLayout.EVENT_DISABLE);
        assertEquals(2, PackedRingLayout.EVENT_DESCRIPTOR);
        assertEquals(1L << 34, Features.PACKED);
        assertEquals(1L << 35, Features.IN_ORDER);
    }

    @Test
    void partsHaveTheSizesOfTheSpecification() {
        QueueConfig config = new QueueConfig(24, 0, 0, 0, 0, Features.PACKED);
        assertEquals(24 * 16, config.descriptorBytes());
        assertEquals(4, config.availBytes());
        assertEquals(4, config.usedBytes());
        assertEquals(4, config.availAlign());
        QueueConfig split = new QueueConfig(32, 0, 0, 0, 0, 0);
        assertEquals(32 * 16, split.descriptorBytes());
        assertEquals(6 + 2 * 32, split.availBytes());
        assertEquals(6 + 8 * 32, split.usedBytes());
        assertEquals(2, split.availAlign());
    }

    /** Section 2.8.1: the wrap counter begins at 1 and changes behind the last descriptor. */
    @Test
    void twoLapsAreCounted() {
        for (int size : new int[] {1, 2, 3, 7, 256}) {
            int position = 0;
            int wrap = 1;
            int place = 0;
            for (int i = 0; i < 5 * size; i++) {
                assertEquals(place, PackedRingLayout.place(position, size));
                assertEquals(wrap == 1 ? 0x80 : 0x8000, PackedRingLayout.available(position, size));
                assertEquals(wrap == 1 ? 0x8080 : 0, PackedRingLayout.used(position, size));
                int encoded = PackedRingLayout.encode(position, size);
                assertEquals(place | wrap << 15, encoded);
                assertEquals(position, PackedRingLayout.decode(encoded, size));
                int next = PackedRingLayout.advance(position, 1, size);
                assertEquals(1 % (2 * size), PackedRingLayout.distance(position, next, size));
                assertEquals(2 * size - 1, PackedRingLayout.distance(next, position, size));
                position = next;
                place++;
                if (place == size) {
                    place = 0;
                    wrap ^= 1;
                }
            }
        }
    }

    @Test
    void placesOutsideTheRingAreNone() {
        assertTrue(PackedRingLayout.isPosition(23, 24));
        assertFalse(PackedRingLayout.isPosition(24, 24));
        assertTrue(PackedRingLayout.isPosition(0x8000 | 23, 24));
        assertFalse(PackedRingLayout.isPosition(0x8000 | 24, 24));
    }
}

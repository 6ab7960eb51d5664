package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.mock.MockDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pieces of any lengths, empty ones too, beside the same bytes in an array. */
class ScatterListTest {
    private static final int MOST = 12;
    private static final int LONGEST = 40;

    private final Region memory = new Region(Arena.ofAuto().allocate(MOST * LONGEST, 8));
    private final Region flat = new Region(Arena.ofAuto().allocate(MOST * LONGEST, 8));
    private final ScatterList list = new ScatterList(MOST);
    private byte[] bytes;

    private void pieces(Random random) {
        for (int i = 0; i < memory.size(); i++) {
            memory.u8(i, random.nextInt());
        }
        bytes = new byte[MOST * LONGEST];
        int length = 0;
        list.clear();
        for (int i = random.nextInt(MOST); i >= 0; i--) {
            int piece = random.nextInt(4) == 0 ? random.nextInt(LONGEST) : random.nextInt(5);
            int at = random.nextInt((int) memory.size() - piece);
            assertTrue(list.add(memory, at, piece));
            for (int k = 0; k < piece; k++) {
                bytes[length++] = (byte) memory.u8(at + k);
            }
        }
        bytes = Arrays.copyOf(bytes, length);
        assertEquals(length, list.bytes());
    }

    private byte[] read(ScatterList from) {
        byte[] all = new byte[(int) from.bytes()];
        from.read(0, flat, 0, all.length);
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) flat.u8(i);
        }
        return all;
    }

    @Test
    void aTailHasTheBytesFromThereOn() {
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            pieces(random);
            int from = random.nextInt(bytes.length + 1);
            ScatterList tail = new ScatterList(MOST);
            assertTrue(tail.addTail(list, from), "seed " + seed);
            assertArrayEquals(Arrays.copyOfRange(bytes, from, bytes.length), read(tail), "seed " + seed);
        }
    }

    @Test
    void aTailNeedsRoom() {
        list.add(memory, 0, 8);
        list.add(memory, 16, 8);
        assertFalse(new ScatterList(1).addTail(list, 7), "two pieces");
        assertTrue(new ScatterList(1).addTail(list, 8), "one piece");
    }

    @Test
    void numbersLieAcrossPieces() {
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            pieces(random);
            int size = 1 + random.nextInt(8);
            if (bytes.length >= size) {
                int at = random.nextInt(bytes.length - size + 1);
                byte[] number = Arrays.copyOf(Arrays.copyOfRange(bytes, at, at + size), 8);
                assertEquals(ByteBuffer.wrap(number).order(ByteOrder.LITTLE_ENDIAN).getLong(), list.little(at, size),
                        "seed " + seed);
            }
        }
    }

    @Test
    void copiesStopAndBeginAnywhere() {
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            pieces(random);
            int from = random.nextInt(bytes.length + 1);
            int length = random.nextInt(bytes.length - from + 1);
            int to = random.nextInt(20);
            Region target = new Region(Arena.ofAuto().allocate(600, 8));
            ScatterList into = new ScatterList(3);
            into.add(target, 300, 7);
            into.add(target, 0, 0);
            into.add(target, 0, 293 + to);
            ScatterList.copy(list, from, into, to, Math.min(length, 280));
            byte[] got = Arrays.copyOfRange(read(into), to, to + Math.min(length, 280));
            assertArrayEquals(Arrays.copyOfRange(bytes, from, from + Math.min(length, 280)), got, "seed " + seed);
        }
    }

    /** A full list ends the chain, whether the piece too many has a descriptor of its own or lies over a border. */
    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED})
    void aFullListBreaksTheQueue(long format) {
        for (boolean border : new boolean[] {false, true}) {
            MockGuest guest = new MockGuest(4 << 20);
            MockDriver driver = new MockDriver(guest, 8, 4096, Features.VERSION_1 | format);
            VirtQueue queue = VirtQueue.of(format);
            assertEquals(QueueFault.NONE, queue.attach(guest.memory(), driver.config()));
            if (border) {
                int id = driver.add(new int[] {64}, new int[0], false);
                driver.driver().rawDescriptor(driver.tableAddress(), id, MockGuest.LOW_SIZE - 8, 64, 0, id);
            } else {
                driver.add(new int[] {64, 64}, new int[0], false);
            }
            driver.publish();
            if (border && format != 0) {
                long flags = driver.tableAddress() + 14;
                driver.driver().poke16(flags, driver.driver().peek16(flags) | PackedRingLayout.FLAG_AVAIL);
            }
            assertEquals(1, queue.available());
            assertEquals(-1, queue.walk(0, new ScatterList(1), null));
            assertEquals(QueueFault.CHAIN_TOO_LONG, queue.fault());
            assertEquals(0, queue.list(new Burst(), false, Burst.MAX), "a broken queue lists nothing");
            assertEquals(0, queue.seen(), "nor knows of anything");
        }
    }
}

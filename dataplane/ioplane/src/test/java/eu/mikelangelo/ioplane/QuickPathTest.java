package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.virtio.Features;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames that go in batches and those that go one by one arrive whole, once and in order. */
class QuickPathTest {
    private static final long INDIRECT = CoreBench.FEATURES | Features.INDIRECT_DESC;
    private static final int[] LENGTHS = {14, 15, 16, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 129, 1500, 1514};

    private final Random random = new Random(11);

    /** Buffers of 512 bytes make long frames need several, which is not for batches. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void mixedFramesKeepTheirOrder(int number) {
        Bench bench = new Bench(number > 0);
        for (int i = 0; i < 3; i++) {
            bench.machine(number == 0 ? 0 : number + i, 256, i == 2 ? 512 : 2048, INDIRECT);
        }
        introduce(bench, number);
        List<Queue<byte[]>> expected = List.of(new ArrayDeque<>(), new ArrayDeque<>(), new ArrayDeque<>());
        long sent = bench.ports.get(1).rxFrames() + bench.ports.get(2).rxFrames();
        for (int turn = 0; turn < 400; turn++) {
            for (int i = random.nextInt(90); i > 0; i--) {
                int to = 1 + (random.nextInt(4) == 0 ? random.nextInt(2) : turn & 1);
                int length = random.nextBoolean() ? 64 : LENGTHS[random.nextInt(LENGTHS.length)];
                byte[] frame = Frames.plain(mac(number, to), mac(number, 0), length, random);
                int split = random.nextInt(8) == 0 ? 1 + random.nextInt(40) : 0;
                if (bench.nics.get(0).send(frame, split, split > 20)) {
                    expected.get(to).add(frame);
                    sent++;
                }
            }
            while (bench.turn() > 0) {
                // Until all is taken; each turn takes a bounded number.
            }
            for (int to = 1; to < 3; to++) {
                for (byte[] got = bench.nics.get(to).poll(); got != null; got = bench.nics.get(to).poll()) {
                    assertArrayEquals(expected.get(to).poll(), got);
                }
                assertTrue(expected.get(to).isEmpty(), "all arrived");
                bench.nics.get(to).refill(256);
            }
        }
        assertEquals(sent, bench.ports.get(1).rxFrames() + bench.ports.get(2).rxFrames(), "and were counted");
    }

    private static long mac(int number, int machine) {
        return Frames.mac(number + machine);
    }

    /** On an open switch an address is known when it has sent. */
    private void introduce(Bench bench, int number) {
        for (int i = 0; number == 0 && i < 3; i++) {
            bench.nics.get(i).send(Frames.plain(Frames.BROADCAST, mac(number, i), 60, random));
        }
        bench.turn();
        for (int i = 0; i < 3; i++) {
            while (bench.nics.get(i).poll() != null) {
                bench.nics.get(i).refill(1);
            }
        }
    }

    /** What was looked up a moment ago does not count when an address has moved. */
    @Test
    void anAddressThatMovesIsFollowedAtOnce() {
        Bench bench = new Bench(false);
        for (int i = 0; i < 3; i++) {
            bench.machine(0);
        }
        introduce(bench, 0);
        for (int i = 0; i < 10; i++) {
            int at = 1 + (i & 1);
            byte[] here = Frames.plain(mac(0, 0), mac(0, 9), 60, random);
            bench.nics.get(at).send(here);
            bench.turn();
            assertArrayEquals(here, bench.nics.get(0).poll());
            bench.nics.get(0).refill(8);
            assertEquals(1 << at, bench.reach(0, Frames.plain(mac(0, 9), mac(0, 0), 60, random)), "move " + i);
        }
    }

    /** A receiver that has fewer buffers than a batch has frames: the rest waits, and comes when it has. */
    @Test
    void aBatchThatDoesNotFitWaits() {
        Bench bench = new Bench(true);
        bench.machine(1, 256, 2048, CoreBench.FEATURES);
        bench.machine(2, 8, 2048, CoreBench.FEATURES);
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            sent.add(Frames.plain(Frames.mac(2), Frames.mac(1), 64, random));
            bench.nics.get(0).send(sent.get(i));
        }
        int got = 0;
        while (got < sent.size()) {
            bench.turn();
            for (byte[] frame = bench.nics.get(1).poll(); frame != null; frame = bench.nics.get(1).poll()) {
                assertArrayEquals(sent.get(got++), frame);
            }
            bench.nics.get(1).refill(1 + random.nextInt(8));
        }
        assertEquals(0, bench.ports.get(1).drops(Drop.NO_BUFFERS));
    }
}

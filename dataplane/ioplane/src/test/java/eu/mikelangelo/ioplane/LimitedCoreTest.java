package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.Rate;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Limits on a core with a thread of its own and the real clock. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LimitedCoreTest {
    private static final int RING = 64;

    private final Random random = new Random(7);

    private static PortConfig port(int number, Rate sends) {
        return new PortConfig("m" + number, Frames.mac(number), 0, null, new long[0],
                PortPolicy.NONE.limited(sends, Rate.NONE));
    }

    /** Nobody kicks while frames wait for tokens: the core wakes by itself, and sleeps between. */
    @Test
    void theCoreSleepsUntilTheNextToken() {
        try (CoreBench bench = new CoreBench(new IoOptions(-1, 0, Frames.GATEWAY_MAC, Frames.GATEWAY_IP))) {
            CoreBench.Machine sender = bench.machine(port(1, new Rate(0, 500, 0)));
            CoreBench.Machine receiver = bench.machine(port(2, Rate.NONE));
            byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 60, random);
            long begin = System.nanoTime();
            for (int i = 0; i < RING; i++) {
                assertTrue(sender.send(frame));
            }
            long kicks = sender.port.kicks();
            long sleeps = bench.core.sleeps();
            for (int i = 0; i < RING; i++) {
                assertArrayEquals(frame, receiver.await());
            }
            long passed = System.nanoTime() - begin;
            // 32 at once, one that leaves a debt, and 31 that are earned first.
            assertTrue(passed >= 31 * 2_000_000L, passed + " ns");
            // One for each token, unless a busy host lets it oversleep.
            assertTrue(bench.core.sleeps() - sleeps >= 1, bench.core.sleeps() - sleeps + " sleeps");
            assertTrue(sender.port.kicks() - kicks <= 2, "it is not asked to kick while it waits");
            assertEquals(RING, sender.port.txFrames());
        }
    }

    /** Whom a limit holds does not hold anybody else. */
    @Test
    void othersGoOnMeanwhile() {
        try (CoreBench bench = new CoreBench(new IoOptions(-1, 10_000, Frames.GATEWAY_MAC, Frames.GATEWAY_IP))) {
            // The second frame waits for a quarter of an hour.
            CoreBench.Machine held = bench.machine(port(1, new Rate(Rate.LEAST_BITS, 0, 1)));
            CoreBench.Machine free = bench.machine(port(2, Rate.NONE));
            CoreBench.Machine receiver = bench.machine(port(3, Rate.NONE));
            byte[] longest = Frames.plain(Frames.mac(9), Frames.mac(1), 60_000, random);
            assertTrue(held.send(longest));
            assertTrue(held.send(Frames.plain(Frames.mac(3), Frames.mac(1), 60, random)));
            for (int i = 0; i < 2000; i++) {
                byte[] frame = Frames.plain(Frames.mac(3), Frames.mac(2), 60, random);
                assertTrue(free.send(frame));
                assertArrayEquals(frame, receiver.await());
                receiver.refill(1);
            }
            CoreBench.await("the first frame", () -> held.port.txFrames() == 1);
            assertEquals(2000, free.port.txFrames());
            bench.core.removePort(held.port);
        }
    }
}

package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.observe.CoreCounters;
import eu.mikelangelo.ioplane.observe.LatencyHistogram;
import eu.mikelangelo.ioplane.observe.QueueCounters;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is counted, with guests whose every frame, kick and call is known. */
@Timeout(60)
class CountersTest {
    private final Random random = new Random(7);

    @Test
    void burstsBatchesAndDepthsAreCounted() {
        Bench bench = new Bench(true);
        bench.machine(1, 128, 2048, CoreBench.FEATURES);
        bench.machine(2, 128, 2048, CoreBench.FEATURES);
        byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 100, random);
        for (int i = 0; i < 80; i++) {
            assertTrue(bench.nics.get(0).send(frame));
        }
        assertEquals(64, bench.turn());
        assertEquals(16, bench.turn());
        assertEquals(0, bench.turn());
        QueueCounters sent = bench.ports.get(0).txCounters(0);
        assertEquals(80, sent.frames());
        assertEquals(8000, sent.bytes());
        assertEquals(2, sent.bursts());
        assertEquals(96, sent.depthSum(), "80 waited at the first look, 16 at the second");
        assertEquals(80, sent.depthMax());
        QueueCounters received = bench.ports.get(1).rxCounters(0);
        assertEquals(80, received.frames());
        assertEquals(8000, received.bytes());
        assertEquals(2, received.bursts());
        assertEquals(64 + 48, received.depthSum(), "of 128 buffers 64 were left, then 48");
        assertEquals(64, received.depthMax());
        assertEquals(0, bench.ports.get(0).rxCounters(0).bursts());
        assertEquals(0, bench.ports.get(1).txCounters(0).bursts());
    }

    @Test
    void callsAndThoseNotWantedAreCountedPerQueue() {
        Bench bench = new Bench(true);
        bench.machine(1);
        bench.machine(2);
        bench.nics.get(0).transmitter().suppressCalls();
        byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 100, random);
        assertEquals(2, bench.reach(0, frame));
        assertEquals(2, bench.reach(0, frame));
        assertEquals(0, bench.ports.get(0).txCounters(0).calls());
        assertEquals(2, bench.ports.get(0).txCounters(0).callsSuppressed());
        assertEquals(2, bench.ports.get(1).rxCounters(0).calls());
        assertEquals(0, bench.ports.get(1).rxCounters(0).callsSuppressed());
        assertEquals(2, bench.ports.get(1).calls());
        assertEquals(2, bench.calls);
    }

    @Test
    void aDropIsTheSendersOrTheReceivers() {
        int receivers = 0;
        for (Drop reason : Drop.values()) {
            receivers += reason.atReceiver() ? 1 : 0;
        }
        assertEquals(5, receivers);
        assertTrue(Drop.NO_BUFFERS.atReceiver() && Drop.TOO_LONG.atReceiver() && Drop.CLOSED.atReceiver());
        assertTrue(Drop.OVER_RATE.atReceiver() && Drop.DOUBLE_TAGGED.atReceiver());
    }

    @Test
    void bucketsDouble() {
        assertEquals(0, LatencyHistogram.bucket(-1));
        assertEquals(0, LatencyHistogram.bucket(0));
        assertEquals(0, LatencyHistogram.bucket(127));
        for (int i = 1; i < LatencyHistogram.BUCKETS; i++) {
            long low = LatencyHistogram.FIRST_NS << i - 1;
            assertEquals(i - 1, LatencyHistogram.bucket(low - 1));
            assertEquals(i, LatencyHistogram.bucket(low));
        }
        assertEquals(LatencyHistogram.BUCKETS - 1, LatencyHistogram.bucket(Long.MAX_VALUE));
        LatencyHistogram latency = new LatencyHistogram();
        latency.record(100);
        latency.record(300);
        latency.record(200);
        assertEquals(1, latency.count(0));
        assertEquals(1, latency.count(1));
        assertEquals(1, latency.count(2));
        assertEquals(600, latency.sumNs());
        assertEquals(300, latency.maxNs());
    }

    @Test
    void aCoreSharesOutItsTime() {
        CoreCounters core = new CoreCounters();
        core.begin(1_000);
        core.turnBegins(1_000);
        core.turnEnds(0, 1_000);
        core.turnBegins(2_000);
        assertEquals(300, core.workEnds(2_300));
        assertEquals(50, core.workEnds(2_350), "of what came after the work before");
        core.turnEnds(33, 2_000);
        core.sleepBegins(3_000);
        assertEquals(0, core.asleepNs());
        core.sleepEnds(8_000);
        assertEquals(2, core.turns());
        assertEquals(1, core.emptyTurns());
        assertEquals(33, core.frames());
        assertEquals(350, core.busyNs());
        assertEquals(1, core.sleeps());
        assertEquals(5_000, core.asleepNs());
    }

    /** The numbers of a real core agree with what its guests did and with each other. */
    @Test
    void aCoreCountsWhatItsGuestsDid() {
        try (CoreBench bench = new CoreBench(new IoOptions(-1, 10_000, Frames.GATEWAY_MAC, Frames.GATEWAY_IP))) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 1000, random);
            for (int i = 0; i < 200; i++) {
                long sleeps = bench.core.sleeps();
                assertTrue(a.send(frame));
                assertNotNull(b.await());
                b.refill(1);
                // Asleep, the next frame needs a kick.
                CoreBench.await("sleep", () -> bench.core.sleeps() > sleeps);
            }
            CoreCounters core = bench.core.counters();
            // A turn's numbers are added up at its end.
            CoreBench.await("the turn's end", () -> core.frames() == 200);
            QueueCounters sent = a.port.txCounters(0);
            assertEquals(200, sent.frames());
            assertEquals(200, sent.bursts());
            assertEquals(200_000, sent.bytes());
            assertTrue(sent.kicks() > 100 && sent.kicks() <= 200, sent.kicks() + " kicks");
            assertEquals(200, sent.calls() + sent.callsSuppressed());
            assertEquals(0, b.port.txCounters(0).kicks());
            long measured = 0;
            for (int i = 0; i < LatencyHistogram.BUCKETS; i++) {
                measured += a.port.latency().count(i);
            }
            assertEquals(200, measured, "a measurement a burst");
            assertTrue(a.port.latency().maxNs() <= a.port.latency().sumNs());
            assertTrue(a.port.latency().sumNs() > 200 * 100, "a burst takes more than 100 ns");
            assertTrue(core.turns() >= 200 && core.turns() - core.emptyTurns() <= 200);
            assertTrue(core.busyNs() >= a.port.latency().sumNs(), "bursts are work");
            assertTrue(core.asleepNs() > 0);
            assertTrue(core.sinceNs() != 0);
        }
    }
}

package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The mirror of a port: what is in it, what is lost, and that nobody waits. */
@Timeout(60)
class CaptureTest {
    private record Seen(long timeNs, boolean fromGuest, int length, byte[] bytes) {
    }

    private final Random random = new Random(3);
    private final List<Seen> seen = new ArrayList<>();

    private boolean see(long timeNs, boolean fromGuest, int length, Region memory, long at, int captured) {
        byte[] bytes = new byte[captured];
        MemorySegment.copy(memory.segment(), ValueLayout.JAVA_BYTE, at, bytes, 0, captured);
        seen.add(new Seen(timeNs, fromGuest, length, bytes));
        return true;
    }

    private static ScatterList list(byte[] bytes) {
        Region region = new Region(Arena.ofAuto().allocate(bytes.length, 8));
        MemorySegment.copy(bytes, 0, region.segment(), ValueLayout.JAVA_BYTE, 0, bytes.length);
        ScatterList list = new ScatterList(2);
        list.add(region, 0, bytes.length / 2);
        list.add(region, bytes.length / 2, bytes.length - bytes.length / 2);
        return list;
    }

    @Test
    void bothDirectionsInOrderAndOnlyOfItsPort() {
        Bench bench = new Bench(true);
        for (int number = 1; number <= 3; number++) {
            bench.machine(number);
        }
        Port web = bench.ports.get(1);
        try (Capture capture = web.newCapture(1000, 1 << 16)) {
            web.capture = capture;
            byte[] to = Frames.plain(Frames.mac(2), Frames.mac(1), 1500, random);
            byte[] from = Frames.plain(Frames.mac(3), Frames.mac(2), 60, random);
            byte[] all = Frames.plain(Frames.BROADCAST, Frames.mac(3), 900, random);
            byte[] others = Frames.plain(Frames.mac(3), Frames.mac(1), 200, random);
            byte[] spoofed = Frames.plain(Frames.mac(3), Frames.mac(9), 70, random);
            byte[] outside = Frames.plain(Frames.mac(2), Frames.GATEWAY_MAC, 800, random);
            bench.reach(0, to);
            bench.nowNs += 5;
            bench.reach(1, from);
            bench.reach(2, all);
            bench.reach(0, others);
            assertEquals(0, bench.reach(1, spoofed));
            bench.nowNs += 5;
            assertTrue(bench.fromUplink(1, list(outside), outside.length));
            assertEquals(5, capture.drain(100, this::see));
            List<byte[]> frames = List.of(to, from, all, spoofed, outside);
            List<Boolean> sent = List.of(false, true, false, true, false);
            for (int i = 0; i < 5; i++) {
                assertEquals(frames.get(i).length, seen.get(i).length(), "frame " + i);
                assertEquals(sent.get(i), seen.get(i).fromGuest(), "frame " + i);
                assertArrayEquals(Arrays.copyOf(frames.get(i), Math.min(1000, frames.get(i).length)),
                        seen.get(i).bytes(), "frame " + i);
            }
            assertEquals(seen.get(0).timeNs() + 5, seen.get(1).timeNs());
            assertEquals(seen.get(0).timeNs() + 10, seen.get(4).timeNs());
            assertEquals(5, web.captured());
            assertEquals(0, web.captureLost());
            assertEquals(0, capture.drain(100, this::see));
        }
    }

    /** A frame that has to wait for its receiver is looked at in many turns and was sent once. */
    @Test
    void aFrameThatWaitsIsThereOnce() {
        Bench bench = new Bench(true);
        bench.machine(1);
        bench.machine(2);
        byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 64, random);
        try (Capture capture = bench.ports.get(0).newCapture(64, 1 << 16)) {
            for (int i = 0; i < 64; i++) {
                bench.nics.get(0).send(frame);
            }
            bench.turn();
            bench.turn();
            bench.ports.get(0).capture = capture;
            for (int i = 0; i < 64; i++) {
                assertNotNull(bench.nics.get(1).poll());
            }
            assertTrue(bench.nics.get(0).send(frame), "no buffer is left for this one");
            assertEquals(0, bench.turn());
            assertEquals(0, bench.turn());
            bench.nics.get(1).refill(1);
            assertEquals(1, bench.turn());
            assertEquals(1, capture.drain(100, this::see));
        }
    }

    @Test
    void aFullRingLosesWithoutWaiting() {
        Port port = new Port(PortConfig.open("p"));
        try (Capture capture = port.newCapture(100, 1024)) {
            byte[] bytes = new byte[100];
            for (int i = 0; i < 20; i++) {
                Arrays.fill(bytes, (byte) i);
                capture.frame(list(bytes), 100, true, i);
            }
            // A frame takes 24 bytes of description and 104 of its own.
            assertEquals(8, port.captured());
            assertEquals(12, port.captureLost());
            assertEquals(3, capture.drain(3, this::see));
            for (int i = 20; i < 24; i++) {
                Arrays.fill(bytes, (byte) i);
                capture.frame(list(bytes), 100, true, i);
            }
            assertEquals(8, capture.drain(100, this::see));
            assertEquals(13, port.captureLost());
            long[] expected = {0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 22};
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], seen.get(i).timeNs());
                assertEquals(expected[i], seen.get(i).bytes()[99]);
            }
        }
    }

    @Test
    void aSinkWithoutRoomGetsTheFrameAgain() {
        Port port = new Port(PortConfig.open("p"));
        try (Capture capture = port.newCapture(100, 1024)) {
            capture.frame(list(new byte[50]), 50, true, 1);
            assertEquals(0, capture.drain(10, (timeNs, fromGuest, length, memory, at, captured) -> false));
            assertEquals(1, capture.drain(10, this::see));
        }
    }

    /** Core and reader at the same time: each frame arrives whole and in order, or is counted as lost. */
    @Test
    void twoThreadsAgree() throws Exception {
        Port port = new Port(PortConfig.open("p"));
        int frames = 200_000;
        try (Capture capture = port.newCapture(400, 1 << 14)) {
            Thread core = Thread.ofPlatform().start(() -> {
                ScatterList list = list(new byte[600]);
                Region bytes = new Region(Arena.ofAuto().allocate(600));
                list.clear();
                list.add(bytes, 0, 600);
                Random lengths = new Random(1);
                for (int i = 0; i < frames; i++) {
                    int length = 1 + lengths.nextInt(600);
                    bytes.u8(0, i);
                    bytes.u8(Math.min(length, 400) - 1, i);
                    capture.frame(list, length, (i & 1) == 0, i);
                }
            });
            long[] last = {-1};
            long[] count = {0};
            Capture.Sink sink = (timeNs, fromGuest, length, memory, at, captured) -> {
                assertTrue(timeNs > last[0]);
                assertEquals((timeNs & 1) == 0, fromGuest);
                assertEquals(Math.min(length, 400), captured);
                assertEquals(timeNs & 0xff, memory.u8(at + captured - 1));
                last[0] = timeNs;
                count[0]++;
                return true;
            };
            while (core.isAlive()) {
                capture.drain(50, sink);
            }
            core.join();
            while (capture.drain(50, sink) > 0) {
                Thread.onSpinWait();
            }
            assertEquals(frames, count[0] + port.captureLost());
            assertEquals(port.captured(), count[0]);
            assertTrue(count[0] > 0);
        }
    }

    @Test
    void aCoreBeginsAndEndsCaptures() {
        try (CoreBench bench = new CoreBench(new IoOptions(-1, 10_000, Frames.GATEWAY_MAC, Frames.GATEWAY_IP))) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            assertThrows(IllegalArgumentException.class, () -> bench.core.capture(a.port, 0));
            assertThrows(IllegalArgumentException.class, () -> bench.core.capture(a.port, Capture.MAX_SNAP + 1));
            Capture capture = bench.core.capture(a.port, 100);
            assertThrows(IllegalStateException.class, () -> bench.core.capture(a.port, 100));
            byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 1000, random);
            assertTrue(a.send(frame));
            assertNotNull(b.await());
            CoreBench.await("the mirror", () -> capture.drain(10, this::see) == 1);
            assertArrayEquals(Arrays.copyOf(frame, 100), seen.getFirst().bytes());
            bench.core.endCapture(a.port, capture);
            bench.core.endCapture(a.port, capture);
            Capture second = bench.core.capture(a.port, 100);
            assertFalse(second.orphaned());
            bench.core.endCapture(a.port, capture);
            assertTrue(a.send(frame));
            assertNotNull(b.await());
            CoreBench.await("the mirror", () -> second.drain(10, this::see) == 1);
            bench.core.removePort(a.port);
            assertTrue(second.orphaned());
            bench.core.endCapture(a.port, second);
            assertThrows(IllegalStateException.class, () -> bench.core.capture(a.port, 100));
        }
    }
}

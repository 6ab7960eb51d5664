package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.ioplane.observe.LatencyHistogram;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.plane.api.CoreStats;
import eu.mikelangelo.plane.api.LatencyStats;
import eu.mikelangelo.plane.api.Pcap;
import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PlaneRefusedException;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.QueueStats;
import eu.mikelangelo.plane.api.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a real plane with two guests tells of them: counters, and the frames themselves. */
@Timeout(120)
class ObserveTest {
    private static final int FRAMES = 100;
    @TempDir
    Path folder;
    private final Random random = new Random(1);

    private PlaneProcess serve() throws IOException {
        PlaneProcess plane = new PlaneProcess(folder.resolve("output"), "io", "serve", "--net",
                folder.resolve("a.sock") + ",server", "--net", folder.resolve("b.sock") + ",server", "--control",
                folder.resolve("control.sock").toString());
        PlaneProcess.await(() -> plane.output().equals("ready\n"));
        return plane;
    }

    private PlaneClient connect() throws IOException {
        return PlaneClient.connect(folder.resolve("control.sock"), "test", 20_000);
    }

    private byte[] frame(int to, int from, int length) {
        byte[] frame = new byte[length];
        random.nextBytes(frame);
        System.arraycopy(new byte[] {2, 0, 0, 0, 0, (byte) to, 2, 0, 0, 0, 0, (byte) from, (byte) 0x88, (byte) 0xb5}, 0,
                frame, 0, 14);
        return frame;
    }

    private static void running(PlaneClient client) {
        PlaneProcess.await(() -> {
            try {
                return client.stats("").stream().allMatch(port -> port.ringsRunning() == 2);
            } catch (IOException broken) {
                throw new AssertionError(broken);
            }
        });
    }

    @Test
    void countersAgreeWithTheGuests() throws Exception {
        try (PlaneProcess plane = serve(); PlaneClient client = connect();
                MockFrontEnd a = new MockFrontEnd(folder.resolve("a.sock"));
                MockFrontEnd b = new MockFrontEnd(folder.resolve("b.sock"))) {
            running(client);
            long before = client.snapshot("").timeNs();
            for (int i = 0; i < FRAMES; i++) {
                byte[] frame = frame(2, 1, 200);
                a.send(frame);
                assertArrayEquals(frame, b.receive());
            }
            PlaneProcess.await(() -> moved(client) == FRAMES);
            Response.Stats stats = client.snapshot("");
            assertTrue(stats.timeNs() > before);
            PortStats sender = stats.ports().get(0);
            PortStats receiver = stats.ports().get(1);
            assertEquals(List.of("net0", "net1"), List.of(sender.name(), receiver.name()));
            QueueStats tx = sender.queues().get(1);
            QueueStats rx = receiver.queues().get(0);
            assertEquals("tx0", tx.name());
            assertEquals("rx0", rx.name());
            assertEquals(FRAMES, tx.frames());
            assertEquals(FRAMES, rx.frames());
            assertEquals(FRAMES * 200, tx.bytes());
            assertEquals(FRAMES, tx.bursts(), "one at a time");
            assertEquals(FRAMES, tx.depthSum());
            assertEquals(1, tx.depthMax());
            assertEquals(tx.bursts(), tx.calls() + tx.callsSuppressed());
            assertEquals(rx.bursts(), rx.calls() + rx.callsSuppressed());
            assertTrue(tx.kicks() > 0 && tx.kicks() <= FRAMES, tx.kicks() + " kicks");
            assertEquals(FRAMES, sender.latency().counts().stream().mapToLong(Long::longValue).sum());
            assertTrue(sender.latency().sumNs() >= sender.latency().maxNs() && sender.latency().maxNs() > 0);
            assertTrue(sender.drops().isEmpty() && receiver.drops().isEmpty());
            CoreStats core = stats.cores().getFirst();
            assertEquals(2, core.ports());
            assertTrue(core.turns() >= FRAMES && core.turns() - core.emptyTurns() <= FRAMES);
            assertTrue(core.busyNs() >= sender.latency().sumNs());
            assertTrue(core.upNs() > core.busyNs() + core.asleepNs());
            assertEquals(List.of(receiver), client.stats("net1"));
            assertTrue(plane.process.isAlive());
        }
    }

    private static long moved(PlaneClient client) {
        try {
            return client.cores().getFirst().frames();
        } catch (IOException broken) {
            throw new AssertionError(broken);
        }
    }

    @Test
    void aDropIsCountedAtItsQueue() throws Exception {
        try (PlaneProcess plane = serve(); PlaneClient client = connect();
                MockFrontEnd a = new MockFrontEnd(folder.resolve("a.sock"));
                MockFrontEnd b = new MockFrontEnd(folder.resolve("b.sock"))) {
            running(client);
            // More than there are buffers, to nobody in particular: such frames do not wait.
            for (int i = 0; i < MockFrontEnd.QUEUE + 10; i++) {
                a.send(frame(9, 1, 60));
            }
            PlaneProcess.await(() -> moved(client) == MockFrontEnd.QUEUE + 10);
            PortStats receiver = client.stats("net1").getFirst();
            assertEquals(10L, receiver.drops().get("noBuffers"));
            assertEquals(10L, receiver.queues().get(0).drops().get("noBuffers"));
            assertTrue(receiver.queues().get(1).drops().isEmpty());
            assertEquals(MockFrontEnd.QUEUE, b.nic.receiver().config().size());
            assertTrue(plane.process.isAlive());
        }
    }

    @Test
    void theControlSocketOfAForegroundPlaneChangesNothing() throws Exception {
        try (PlaneProcess plane = serve(); PlaneClient client = connect()) {
            assertThrows(PlaneRefusedException.class, () -> client.addPort(PortSpec.open("x", "/x", false)));
            assertThrows(PlaneRefusedException.class, () -> client.removePort("net0"));
            assertThrows(PlaneRefusedException.class, client::shutdown);
            assertThrows(PlaneRefusedException.class, client::bye);
            assertThrows(PlaneRefusedException.class, () -> client.register(List.of("/bin/true"), "/"));
            assertEquals(2, client.ports().size());
            assertTrue(plane.process.isAlive());
            plane.process.destroy();
            assertEquals(143, plane.exitCode());
            assertFalse(Files.exists(folder.resolve("control.sock")));
        }
    }

    @Test
    void whatLiesAtTheControlSocketsPathIsLookedAt() throws Exception {
        Path control = folder.resolve("control.sock");
        Files.writeString(control, "precious");
        try (PlaneProcess plane = new PlaneProcess(folder.resolve("refused"), "io", "serve", "--net",
                folder.resolve("a.sock") + ",server", "--control", control.toString())) {
            assertEquals(Main.UNAVAILABLE, plane.exitCode());
            assertTrue(plane.output().contains("something else than a socket"), plane.output());
            assertEquals("precious", Files.readString(control));
        }
        Files.delete(control);
        int listener = UnixSockets.listen(control.toString(), 4);
        try (PlaneProcess plane = new PlaneProcess(folder.resolve("taken"), "io", "serve", "--net",
                folder.resolve("a.sock") + ",server", "--control", control.toString())) {
            assertEquals(Main.UNAVAILABLE, plane.exitCode());
            assertTrue(plane.output().contains("another process listens there"), plane.output());
        }
        // The socket file stays, as after a kill.
        Fds.close(listener);
        assertTrue(Files.exists(control));
        try (PlaneProcess plane = serve(); PlaneClient client = connect()) {
            assertEquals(2, client.ports().size());
            assertTrue(plane.process.isAlive());
        }
    }

    @Test
    void aCaptureIsWhatTheGuestSentAndReceived() throws Exception {
        try (PlaneProcess plane = serve(); PlaneClient client = connect(); PlaneClient other = connect();
                MockFrontEnd a = new MockFrontEnd(folder.resolve("a.sock"));
                MockFrontEnd b = new MockFrontEnd(folder.resolve("b.sock"))) {
            running(client);
            assertThrows(PlaneRefusedException.class, () -> client.readCapture(1, 0));
            assertThrows(PlaneRefusedException.class, () -> client.startCapture("nobody", 100));
            assertThrows(PlaneRefusedException.class, () -> client.startCapture("net0", 0));
            client.startCapture("net0", Pcap.MAX_SNAP);
            assertThrows(PlaneRefusedException.class, () -> client.startCapture("net1", 100));
            assertThrows(PlaneRefusedException.class, () -> other.startCapture("net0", 100));
            other.startCapture("net1", 60);
            assertEquals(0, client.readCapture(10, 0).frames());
            Instant begun = Instant.now();
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                byte[] frame = i % 2 == 0 ? frame(2, 1, 60 + i) : frame(1, 2, 1400 + i);
                frames.add(frame);
                (i % 2 == 0 ? a : b).send(frame);
                assertArrayEquals(frame, (i % 2 == 0 ? b : a).receive());
            }
            Response.Captured few = client.readCapture(5, 1_000);
            assertEquals(5, few.frames());
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            file.write(Pcap.header(Pcap.MAX_SNAP));
            file.write(few.records());
            List<PcapReader.Frame> seen = new ArrayList<>(PcapReader.records(few.records()));
            while (seen.size() < 20) {
                Response.Captured more = client.readCapture(100, 1_000);
                assertEquals(0, more.lost());
                assertFalse(more.ended());
                file.write(more.records());
                seen.addAll(PcapReader.records(more.records()));
            }
            check(frames, seen, Integer.MAX_VALUE, begun);
            List<PcapReader.Frame> heads = new ArrayList<>();
            while (heads.size() < 20) {
                heads.addAll(PcapReader.records(other.readCapture(100, 1_000).records()));
            }
            check(frames, heads, 60, begun);
            assertEquals(20, client.stats("net0").getFirst().capturedFrames());
            assertTrue(plane.process.isAlive());
            tshark(file.toByteArray(), frames);
        }
    }

    private static void check(List<byte[]> sent, List<PcapReader.Frame> seen, int snap, Instant begun) {
        assertEquals(sent.size(), seen.size());
        long last = begun.getEpochSecond() * 1_000_000_000 + begun.getNano() - 1_000_000_000;
        for (int i = 0; i < sent.size(); i++) {
            byte[] frame = sent.get(i);
            assertEquals(frame.length, seen.get(i).length());
            assertArrayEquals(Arrays.copyOf(frame, Math.min(snap, frame.length)), seen.get(i).bytes());
            assertTrue(seen.get(i).timeNs() >= last, "in order of time, and of now");
            last = seen.get(i).timeNs();
        }
        assertTrue(last <= System.currentTimeMillis() * 1_000_000 + 1_000_000_000);
    }

    private void tshark(byte[] pcap, List<byte[]> frames) throws Exception {
        Path file = Files.write(folder.resolve("out.pcap"), pcap);
        if (!Files.isExecutable(Path.of("/usr/bin/tshark"))) {
            System.out.println("tshark is not installed: the capture was read by our own reader only");
            return;
        }
        Process tshark = new ProcessBuilder("/usr/bin/tshark", "-r", file.toString(), "-T", "fields", "-e",
                "frame.len", "-e", "eth.type").redirectError(ProcessBuilder.Redirect.DISCARD).start();
        List<String> lines = new String(tshark.getInputStream().readAllBytes()).lines().toList();
        assertEquals(0, tshark.waitFor());
        assertEquals(frames.stream().map(frame -> frame.length + "\t0x88b5").toList(), lines);
    }

    /** Whatever ends a capture, the port can be captured again. */
    @Test
    void aCaptureEndsWithItsConnectionOrItsPort() throws Exception {
        try (PlaneProcess plane = PlaneProcess.daemon(folder.resolve("run"));
                PlaneClient client = PlaneProcess.connect(folder.resolve("run"))) {
            client.addPort(PortSpec.open("web", folder.resolve("web.sock").toString(), false));
            for (int i = 0; i < 6; i++) {
                try (PlaneClient reader = PlaneProcess.connect(folder.resolve("run"))) {
                    PlaneProcess.await(() -> begun(reader));
                    assertEquals(0, reader.readCapture(1, 10).frames());
                }
            }
            try (PlaneClient reader = PlaneProcess.connect(folder.resolve("run"))) {
                PlaneProcess.await(() -> begun(reader));
                client.removePort("web");
                assertTrue(reader.readCapture(1, 1_000).ended());
            }
            assertTrue(plane.process.isAlive());
            assertEquals("", plane.output());
        }
    }

    /** The plane notices the end of the connection before on a thread of its own. */
    private static boolean begun(PlaneClient reader) {
        try {
            reader.startCapture("web", 100);
            return true;
        } catch (PlaneRefusedException notYet) {
            assertTrue(notYet.getMessage().contains("is being captured already"), notYet.getMessage());
            return false;
        } catch (IOException broken) {
            throw new AssertionError(broken);
        }
    }

    /** Both say the same of what they do not share. */
    @Test
    void theProtocolKnowsThePlanesBounds() {
        assertEquals(Capture.MAX_SNAP, Pcap.MAX_SNAP);
        assertTrue(LatencyHistogram.BUCKETS <= LatencyStats.MAX_BUCKETS);
        assertTrue(Pcap.RECORD_BYTES + Capture.MAX_SNAP <= Response.Captured.MAX_BYTES);
    }
}

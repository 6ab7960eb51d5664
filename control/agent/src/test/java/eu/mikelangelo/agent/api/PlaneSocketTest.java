package eu.mikelangelo.agent.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.plane.api.FrameChannel;
import eu.mikelangelo.plane.api.LatencyStats;
import eu.mikelangelo.plane.api.Pcap;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.Request;
import eu.mikelangelo.plane.api.Response;
import eu.mikelangelo.plane.api.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Statistics and captures from a made-up plane: limits, ends and failures. */
@Timeout(30)
class PlaneSocketTest {
    @TempDir
    Path folder;
    private ServerSocketChannel server;
    private PlaneSocket socket;
    private final List<Request> asked = new CopyOnWriteArrayList<>();
    private volatile boolean ended;
    private volatile boolean dies;

    @BeforeEach
    void open() throws IOException {
        Path path = folder.resolve("plane.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
        socket = new PlaneSocket(path, "test");
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (true) {
                    serve(new FrameChannel(server.accept()));
                }
            } catch (IOException e) {
                return;
            }
        });
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private void serve(FrameChannel frames) {
        try (frames) {
            for (byte[] body = frames.read(Wire.MAX_REQUEST, -1); body != null;
                    body = frames.read(Wire.MAX_REQUEST, -1)) {
                Request request = Wire.decodeRequest(body);
                asked.add(request);
                if (request instanceof Request.ReadCapture && dies) {
                    return;
                }
                frames.write(Wire.encode(answer(request)), 1000);
            }
        } catch (IOException e) {
            return;
        }
    }

    private Response answer(Request request) {
        return switch (request) {
            case Request.Hello hello -> new Response.Welcome(Wire.VERSION, "p", 4711);
            case Request.GetStats stats -> new Response.Stats(9, List.of(), stats.name().equals("nobody") ? List.of()
                    : List.of(port("web"), port("busy")));
            case Request.StartCapture start -> start.name().equals("busy")
                    ? new Response.Refused("port busy is being captured already", "") : new Response.Done();
            case Request.ReadCapture read -> new Response.Captured(new byte[] {(byte) read.most()},
                    Math.min(10, read.most()), 5, ended);
            default -> new Response.Refused("unexpected", "");
        };
    }

    private static PortStats port(String name) {
        return new PortStats(name, true, 2, true, 1, 0, 1, 2, 3, 4, 5, 6, new LinkedHashMap<>(), List.of(),
                LatencyStats.NONE, "");
    }

    private static Failure fails(org.junit.jupiter.api.function.Executable call) {
        return assertThrows(Failure.class, call);
    }

    @Test
    void statsOfWhoIsThere() {
        assertEquals(4711, socket.stats("").integer("pid", 0));
        assertEquals(2, socket.stats("").objects("ports").size());
        Failure unknown = fails(() -> socket.stats("nobody"));
        assertEquals(Failure.Kind.NOT_FOUND, unknown.kind());
        assertTrue(unknown.hint().contains("web, busy"), unknown.hint());
        Failure absent = fails(() -> new PlaneSocket(folder.resolve("absent"), "").stats(""));
        assertEquals(Failure.Kind.UNAVAILABLE, absent.kind());
    }

    @Test
    void aCaptureEndsWithItsFrames() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PlaneSocket.Captured captured = socket.capture("web", new PlaneSocket.Limits(96, 25, 0), out, () -> false);
        assertEquals(new PlaneSocket.Captured(25, 5), captured);
        byte[] bytes = out.toByteArray();
        assertArrayEquals(Pcap.header(96), Arrays.copyOf(bytes, Pcap.HEADER_BYTES));
        assertArrayEquals(new byte[] {25, 15, 5}, Arrays.copyOfRange(bytes, Pcap.HEADER_BYTES, bytes.length));
        assertTrue(asked.contains(new Request.StartCapture("web", 96)));
    }

    @Test
    void aCaptureEndsWithItsPortItsTimeOrItsReader() throws Exception {
        PlaneSocket.Limits none = new PlaneSocket.Limits(PlaneSocket.WHOLE, 0, 0);
        assertEquals(10, socket.capture("web", none, OutputStream.nullOutputStream(), () -> true).frames());
        long before = System.nanoTime();
        assertTrue(socket.capture("web", new PlaneSocket.Limits(1, 0, 1), OutputStream.nullOutputStream(),
                () -> false).frames() > 0);
        assertTrue(System.nanoTime() - before >= 1_000_000_000L);
        ended = true;
        assertEquals(10, socket.capture("web", none, OutputStream.nullOutputStream(), () -> false).frames());
    }

    @Test
    void whyThereIsNoCapture() throws Exception {
        PlaneSocket.Limits some = new PlaneSocket.Limits(100, 1, 0);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertEquals(Failure.Kind.NOT_FOUND, fails(() -> socket.capture("x", some, out, () -> false)).kind());
        assertEquals(Failure.Kind.CONFLICT, fails(() -> socket.capture("busy", some, out, () -> false)).kind());
        assertEquals(0, out.size(), "nothing was written before it began");
        dies = true;
        assertEquals(Failure.Kind.UNAVAILABLE, fails(() -> socket.capture("web", some, out, () -> false)).kind());
        for (int snap : new int[] {0, -1, PlaneSocket.WHOLE + 1}) {
            assertEquals(Failure.Kind.BAD_INPUT, fails(() -> new PlaneSocket.Limits(snap, 0, 0)).kind());
        }
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("full");
            }
        };
        dies = false;
        assertEquals("full", assertThrows(IOException.class, () -> socket.capture("web", some, full, () -> false))
                .getMessage());
    }
}

package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.frame.ArpFrame;
import eu.mikelangelo.ioplane.offload.Packets;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.mock.MockNic;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a guest leaves undone is done before passt, played by a real Unix socket, sees it. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UplinkOffloadTest {
    private static final Packets.Kind TCP4 = new Packets.Kind(4, false, 0, 0, 12);

    @TempDir
    Path folder;

    private final Random random = new Random(29);
    private final CoreBench bench = new CoreBench(new IoOptions(-1, 30_000, Frames.GATEWAY_MAC, Frames.GATEWAY_IP));
    private ServerSocketChannel server;
    private SocketChannel passt;
    private CoreBench.Machine machine;
    private int sequence = 1000;

    @BeforeEach
    void connect() throws IOException {
        Path path = folder.resolve("passt.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
        machine = bench.machine(new PortConfig("m1", Frames.mac(1), Frames.ip(1), path.toString()),
                new MockNic(64, 2048, Features.NET_OFFERED));
        passt = server.accept();
        assertEquals(ArpFrame.BYTES, read().length);
    }

    @AfterEach
    void close() throws IOException {
        bench.close();
        passt.close();
        server.close();
    }

    private byte[] read() throws IOException {
        ByteBuffer length = ByteBuffer.allocate(4);
        fill(length);
        ByteBuffer frame = ByteBuffer.allocate(length.getInt(0));
        fill(frame);
        return frame.array();
    }

    private void fill(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            assertTrue(passt.read(buffer) >= 0, "the uplink was closed");
        }
    }

    private byte[] packet(Packets.Kind kind, int bytes, int flags) {
        byte[] payload = new byte[bytes];
        random.nextBytes(payload);
        byte[] frame = Packets.partial(kind, Frames.GATEWAY_MAC, Frames.mac(1), payload, flags, sequence);
        sequence += bytes + ((flags & Packets.SYN) != 0 ? 1 : 0);
        return kind.version() == 4 ? Packets.from(frame, kind, Frames.ip(1)) : frame;
    }

    /** Otherwise the first segment is followed by a reminder, as one of a connection that nobody knows. */
    private void open() throws IOException {
        assertTrue(machine.send(Packets.header(TCP4, 0), packet(TCP4, 0, Packets.SYN)));
        assertNull(Packets.wrong(read(), TCP4));
    }

    /** passt takes it whole: up to 65,535 bytes with Ethernet's header. */
    @Test
    void aLongSegmentLeavesAsOneWithItsChecksum() throws IOException {
        open();
        for (int length : new int[] {3000, 65_534, 65_535}) {
            byte[] frame = packet(TCP4, length - TCP4.headers(), Packets.ACK | Packets.PSH);
            assertTrue(machine.send(Packets.header(TCP4, 1448), frame));
            byte[] got = read();
            assertNull(Packets.wrong(got, TCP4));
            got[50] = frame[50];
            got[51] = frame[51];
            assertArrayEquals(frame, got);
        }
    }

    @Test
    void aLongerOneIsCut() throws IOException {
        open();
        byte[] frame = packet(TCP4, 65_549 - TCP4.headers(), Packets.ACK | Packets.PSH);
        assertTrue(machine.send(Packets.header(TCP4, 1448), frame));
        cut(frame, TCP4, 1448);
    }

    @Test
    void datagramsAreCut() throws IOException {
        for (Packets.Kind kind : new Packets.Kind[] {new Packets.Kind(4, true, 0, 0, 0),
            new Packets.Kind(6, true, 0, 0, 0)}) {
            byte[] frame = packet(kind, 5000, 0);
            assertTrue(machine.send(Packets.header(kind, 1200), frame));
            cut(frame, kind, 1200);
        }
    }

    private void cut(byte[] frame, Packets.Kind kind, int size) throws IOException {
        List<byte[]> frames = new ArrayList<>();
        int bytes = frame.length - kind.headers();
        for (int i = 0; i < (bytes + size - 1) / size; i++) {
            frames.add(read());
        }
        assertArrayEquals(Arrays.copyOfRange(frame, kind.headers(), frame.length),
                Packets.joined(frames, frame, kind, size));
    }

    /** What is done in passt's place needs no finished checksum, but what passt is given has one. */
    @Test
    void aHandshakeEndsWithAPartialChecksum() throws IOException {
        byte[] accept = packet(TCP4, 0, Packets.SYN | Packets.ACK);
        assertTrue(machine.send(Packets.header(TCP4, 0), accept));
        assertNull(Packets.wrong(read(), TCP4));
        Packets.Kind plain = new Packets.Kind(4, false, 0, 0, 0);
        byte[] answer = machine.await();
        assertNull(Packets.wrong(answer, plain));
        assertEquals(1001, ByteBuffer.wrap(answer).getInt(42), "what is acknowledged");
        byte[] data = packet(TCP4, 10_000, Packets.ACK);
        assertTrue(machine.send(Packets.header(TCP4, 1448), data));
        assertTrue(machine.send(Packets.header(TCP4, 1448), data));
        for (int length : new int[] {data.length, data.length, 55}) {
            assertEquals(length, read().length, "a segment, again, and the reminder of its end");
        }
    }
}

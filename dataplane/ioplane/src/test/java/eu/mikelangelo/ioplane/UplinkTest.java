package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.passt.ReadFences;
import eu.mikelangelo.ioplane.passt.TcpHead;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.QueueConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The connection to passt, played by a real Unix socket. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UplinkTest {
    @TempDir
    Path folder;

    private final Random random = new Random(17);
    private final CoreBench bench = new CoreBench(new IoOptions(-1, 30_000, Frames.GATEWAY_MAC, Frames.GATEWAY_IP));
    private Path path;
    private ServerSocketChannel server;
    private CoreBench.Machine machine;
    private SocketChannel passt;

    @BeforeEach
    void connect() throws IOException {
        path = folder.resolve("passt.sock");
        listen();
        machine = bench.fixed(1, path.toString());
        accept();
    }

    /** The first frame of each connection tells passt who the guest is. */
    private void accept() throws IOException {
        passt = server.accept();
        assertArrayEquals(Frames.arp(Frames.BROADCAST, Frames.mac(1), 1, Frames.mac(1), Frames.ip(1),
                Frames.GATEWAY_IP), read());
    }

    private void listen() throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
    }

    @AfterEach
    void close() throws IOException {
        bench.close();
        passt.close();
        server.close();
    }

    private byte[] toGateway(int length) {
        return Frames.plain(Frames.GATEWAY_MAC, Frames.mac(1), length, random);
    }

    private byte[] fromGateway(int length) {
        return Frames.plain(Frames.mac(1), Frames.GATEWAY_MAC, length, random);
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

    private static ByteBuffer framed(byte[]... frames) {
        int total = 0;
        for (byte[] frame : frames) {
            total += 4 + frame.length;
        }
        ByteBuffer buffer = ByteBuffer.allocate(total);
        for (byte[] frame : frames) {
            buffer.putInt(frame.length).put(frame);
        }
        return buffer.flip();
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            passt.write(bytes);
        }
    }

    @Test
    void framesLeaveWithTheirLengthAhead() throws IOException {
        assertTrue(machine.send(toGateway(Uplink.LONGEST + 1)), "over which passt would end the connection");
        for (int length : new int[] {14, 60, 1514, 9000, 65_534, Uplink.LONGEST}) {
            byte[] frame = toGateway(length);
            assertTrue(machine.send(frame));
            assertArrayEquals(frame, read());
        }
        assertEquals(1, machine.port.drops(Drop.TOO_LONG));
    }

    @Test
    void framesArriveWhateverPiecesTheyComeIn() throws IOException {
        byte[][] frames = {fromGateway(14), fromGateway(1514), fromGateway(65_550), fromGateway(61),
                fromGateway(20_000)};
        ByteBuffer bytes = framed(frames);
        while (bytes.hasRemaining()) {
            int now = Math.min(bytes.remaining(), bytes.position() < 100 ? 1 : 1 + random.nextInt(9000));
            write(bytes.slice(bytes.position(), now));
            bytes.position(bytes.position() + now);
        }
        for (byte[] frame : frames) {
            machine.refill(64);
            assertArrayEquals(frame, machine.await());
        }
        assertEquals(frames.length, machine.port.rxFrames());
    }

    @Test
    void manyFramesKeepTheirOrderThroughASlowGuest() throws IOException {
        int count = 3000;
        byte[][] frames = new byte[count][];
        for (int i = 0; i < count; i++) {
            frames[i] = fromGateway(60 + random.nextInt(1454));
        }
        Thread writer = Thread.ofPlatform().start(() -> {
            try {
                write(framed(frames));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        for (int i = 0; i < count; i++) {
            if (i % 40 == 0) {
                machine.refill(64);
            }
            assertArrayEquals(frames[i], machine.await(), "frame " + i);
        }
        assertEquals(0, machine.port.drops(Drop.NO_BUFFERS));
        assertTrue(writer.isAlive() || machine.port.rxFrames() == count);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, NetTransmit.MAX_FRAME + 1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE})
    void impossibleLengthsCloseAndReconnect(int length) throws IOException {
        byte[] good = fromGateway(100);
        write(framed(good));
        write(ByteBuffer.allocate(4).putInt(0, length));
        assertArrayEquals(good, machine.await(), "what came before counts");
        SocketChannel old = passt;
        assertEquals(-1, old.read(ByteBuffer.allocate(1)), "closed by the uplink");
        old.close();
        accept();
        machine.refill(64);
        write(framed(good));
        assertArrayEquals(good, machine.await());
        assertEquals(1, machine.port.uplinkBadFrames());
        assertEquals(2, machine.port.uplinkConnects());
    }

    @Test
    void aSuccessorIsFound() throws IOException, InterruptedException {
        passt.close();
        server.close();
        Files.delete(path);
        Thread.sleep(100);
        assertTrue(machine.send(toGateway(60)));
        CoreBench.await("a drop", () -> machine.port.drops(Drop.UPLINK_DOWN) == 1);
        listen();
        accept();
        byte[] frame = toGateway(60);
        assertEquals(2, machine.port.uplinkConnects());
        assertTrue(machine.send(frame));
        assertArrayEquals(frame, read());
    }

    @Test
    void aPeerThatDoesNotReadCostsABoundedAmount() throws IOException {
        int sent = 0;
        while (machine.port.drops(Drop.UPLINK_FULL) == 0) {
            byte[] frame = toGateway(9000);
            frame[14] = (byte) sent;
            if (machine.send(frame)) {
                sent++;
            }
            assertTrue(sent < 10_000);
        }
        for (int i = 0; i < 5; i++) {
            assertEquals((byte) i, read()[14], "in order, from the first on");
        }
    }

    @Test
    void aRemovedPortClosesItsUplink() throws IOException {
        bench.core.removePort(machine.port);
        assertEquals(-1, passt.read(ByteBuffer.allocate(1)));
    }

    /** Reads frames; nothing is written behind them before the last of their bytes is read. */
    private void readBatch(byte[]... frames) throws IOException, InterruptedException {
        ByteBuffer expected = framed(frames);
        ByteBuffer most = ByteBuffer.allocate(expected.limit() - 1);
        fill(most);
        assertArrayEquals(Arrays.copyOf(expected.array(), most.limit()), most.array());
        Thread.sleep(50);
        ByteBuffer rest = ByteBuffer.allocate(1 << 16);
        passt.configureBlocking(false);
        assertEquals(1, passt.read(rest), "bytes that can be read at once");
        passt.configureBlocking(true);
        assertEquals(expected.get(most.limit()), rest.get(0));
    }

    private void nothingMoreComes() throws InterruptedException {
        while (machine.nic.poll() != null) {
            machine.refill(1);
        }
        Thread.sleep(100);
        assertNull(machine.nic.poll());
    }

    @Test
    void whatFollowsASynAckIsWrittenWhenThatIsRead() throws Exception {
        byte[] accept = Frames.tcp(1, 4000, TcpHead.SYN | TcpHead.ACK);
        byte[] other = Frames.tcp(1, 4001, TcpHead.SYN | TcpHead.ACK);
        byte[] more = Frames.tcp(1, 4000, TcpHead.ACK);
        for (byte[] frame : new byte[][] {more, accept, other, accept, more}) {
            assertTrue(machine.send(frame));
        }
        // Two SYN-ACKs share a fence, the same one twice does not.
        readBatch(more, accept, other);
        assertArrayEquals(accept, read());
        assertArrayEquals(more, read());
        assertTrue(machine.send(more));
        assertArrayEquals(more, read());
    }

    /** Seen with Debian 12's passt: two SYNs of one connection read at once, or a SYN and anything, and it loops. */
    @Test
    void whatFollowsASynIsWrittenWhenThatIsRead() throws Exception {
        byte[] open = Frames.tcp(1, 4000, TcpHead.SYN);
        byte[] other = Frames.tcp(1, 4001, TcpHead.SYN);
        byte[] fragment = Frames.tcp(1, 4002, TcpHead.SYN);
        fragment[20] = 0x20;
        byte[] tooLong = Frames.tcp(1, 4003, TcpHead.SYN);
        tooLong[17] = 1;
        for (byte[] frame : new byte[][] {open, other, open, fragment, fragment, tooLong, tooLong}) {
            assertTrue(machine.send(frame));
        }
        for (byte[][] batch : new byte[][][] {{open, other}, {open, fragment}, {fragment, tooLong}, {tooLong}}) {
            readBatch(batch);
        }
    }

    @Test
    void aPasstThatReadsNothingHardlyWakesTheCore() throws Exception {
        byte[] accept = Frames.tcp(1, 4000, TcpHead.SYN | TcpHead.ACK);
        byte[] more = Frames.tcp(1, 4000, TcpHead.ACK);
        assertTrue(machine.send(accept));
        assertTrue(machine.send(more));
        Thread.sleep(200);
        long sleeps = bench.core.sleeps();
        Thread.sleep(500);
        assertTrue(bench.core.sleeps() - sleeps < 30, bench.core.sleeps() - sleeps + " times");
        assertArrayEquals(accept, read());
        assertArrayEquals(more, read());
    }

    @Test
    void aPasstThatReadsNothingGetsNoMoreSynAcksThanThereAreFences() throws Exception {
        byte[] accept = Frames.tcp(1, 7, TcpHead.SYN | TcpHead.ACK);
        byte[] more = Frames.tcp(1, 7, TcpHead.ACK);
        int pairs = 2 * ReadFences.FENCES;
        for (int i = 0; i < pairs; i++) {
            CoreBench.await("room in the ring", () -> machine.send(accept));
            CoreBench.await("room in the ring", () -> machine.send(more));
        }
        CoreBench.await("the core", () -> machine.port.txFrames() == 2 * pairs);
        assertEquals(pairs - ReadFences.FENCES, machine.port.drops(Drop.UPLINK_FULL));
        int accepts = 0;
        for (int i = 0; i < pairs + ReadFences.FENCES; i++) {
            accepts += (read()[47] & TcpHead.SYN) != 0 ? 1 : 0;
        }
        assertEquals(ReadFences.FENCES, accepts);
    }

    @Test
    void aHandshakeEndsOnlyWhenTheUplinkTookIt() throws IOException {
        assertTrue(machine.send(HandshakeAnswerTest.SYN_ACK));
        assertArrayEquals(HandshakeAnswerTest.SYN_ACK, read());
        assertArrayEquals(HandshakeAnswerTest.ACK, machine.await());
        assertEquals(1, machine.port.rxFrames());
        server.close();
        passt.close();
        CoreBench.await("the end", () -> !machine.port.uplinkConnected());
        assertTrue(machine.send(HandshakeAnswerTest.SYN_ACK));
        CoreBench.await("a drop", () -> machine.port.drops(Drop.UPLINK_DOWN) == 1);
        assertEquals(1, machine.port.rxFrames());
    }

    @Test
    void whatIsSentAgainIsFollowedByAReminder() throws IOException {
        int[] lengths = {54, 64, 64, 55};
        for (int bytes : new int[] {0, 10, 10}) {
            int flags = bytes == 0 ? TcpHead.SYN | TcpHead.ACK : TcpHead.ACK;
            assertTrue(machine.send(AckReminderTest.segment(1000, bytes == 0 ? 99 : 100, flags, bytes)));
        }
        for (int length : lengths) {
            assertEquals(length, read().length);
        }
    }

    /** The core sleeps in between: what it offers again is shown to the guest by itself, not with other traffic. */
    @Test
    void aSynIsOfferedAgainUntilTheGuestAnswersIt() throws Exception {
        byte[] open = Frames.tcpBack(1, 4000, TcpHead.SYN);
        byte[] accept = Frames.tcp(1, 4000, TcpHead.SYN | TcpHead.ACK);
        write(framed(open));
        assertArrayEquals(open, machine.await());
        assertArrayEquals(open, machine.await(), "again");
        assertTrue(machine.send(accept));
        assertArrayEquals(accept, read());
        nothingMoreComes();
    }

    @Test
    void aSynIsOfferedToARingThatStartsLater() throws Exception {
        int next = machine.handler.stopRing(0);
        byte[] open = Frames.tcpBack(1, 4000, TcpHead.SYN);
        write(framed(open));
        CoreBench.await("a loss", () -> machine.port.drops(Drop.CLOSED) == 1);
        QueueConfig c = machine.nic.receiver().config();
        machine.handler.startRing(0, new QueueConfig(c.size(), c.descriptorUser(), c.availUser(), c.usedUser(), next,
                c.features()), machine.kicks[0], machine.called[0]);
        assertArrayEquals(open, machine.await());
        assertTrue(machine.send(Frames.tcp(1, 4000, TcpHead.RST | TcpHead.ACK)));
        read();
        nothingMoreComes();
    }

    @Test
    void whatAnEarlierPasstOpenedIsForgotten() throws Exception {
        byte[] open = Frames.tcpBack(1, 4000, TcpHead.SYN);
        write(framed(open));
        assertArrayEquals(open, machine.await());
        passt.close();
        accept();
        nothingMoreComes();
    }
}

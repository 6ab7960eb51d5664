package eu.mikelangelo.machines;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;


import eu.mikelangelo.machines.host.Console;
import eu.mikelangelo.machines.host.LogRotator;
import java.io.ByteArrayOutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What flows out of a guest: console, status lines, logs. */
@Timeout(30)
class StreamsTest {
    @TempDir
    Path folder;

    private ServerSocketChannel server(Path socket) throws Exception {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        return server;
    }

    private static void say(SocketChannel to, byte[] bytes) throws Exception {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            to.write(buffer);
        }
    }

    private static byte[] drain(Attachment from) throws Exception {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[10_000];
        for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
            all.write(buffer, 0, n);
        }
        return all.toByteArray();
    }

    @Test
    void everyAttachmentReadsAllInOrder() throws Exception {
        Path socket = folder.resolve("c");
        byte[] output = new byte[700_001];
        new Random(1).nextBytes(output);
        try (ServerSocketChannel server = server(socket);
                Console console = Console.connect(socket, (r, c) -> { }, () -> { });
                SocketChannel guest = server.accept()) {
            Attachment one = console.attach();
            Attachment two = console.attach();
            say(guest, output);
            guest.shutdownOutput();
            assertArrayEquals(output, drain(one));
            assertArrayEquals(output, drain(two));
            assertEquals(0, one.lost());
            assertEquals(-1, console.attach().read(new byte[1]), "who joins late meets the end");
        }
    }

    @Test
    void aSlowReaderLosesTheOldestAndNeverBlocksTheGuest() throws Exception {
        Path socket = folder.resolve("c");
        int total = 3 * Console.RING_BYTES + 12_345;
        byte[] output = new byte[total];
        new Random(2).nextBytes(output);
        try (ServerSocketChannel server = server(socket);
                Console console = Console.connect(socket, (r, c) -> { }, () -> { });
                SocketChannel guest = server.accept()) {
            Attachment slow = console.attach();
            Attachment quick = console.attach();
            say(guest, output); // would hang here if anybody had to read
            guest.shutdownOutput();
            while (quick.read(new byte[65_536]) >= 0) {
                // to the end
            }
            byte[] got = drain(slow);
            assertEquals(Console.RING_BYTES, got.length);
            assertEquals(total - Console.RING_BYTES, slow.lost());
            assertArrayEquals(Arrays.copyOfRange(output, total - got.length, total), got);
        }
    }

    @Test
    void aFloodIsHeldUpWhileTheLogIsCut() throws Exception {
        Path socket = folder.resolve("c");
        AtomicInteger cuts = new AtomicInteger();
        try (ServerSocketChannel server = server(socket);
                Console console = Console.connect(socket, (r, c) -> { }, cuts::incrementAndGet);
                SocketChannel guest = server.accept()) {
            Attachment reader = console.attach();
            say(guest, new byte[5 * Console.RING_BYTES]);
            guest.shutdownOutput();
            while (reader.read(new byte[65_536]) >= 0) {
                // to the end
            }
            assertTrue(cuts.get() >= 4 && cuts.get() <= 5, "cut " + cuts.get() + " times in 5 MiB");
        }
    }

    @Test
    void attachmentsTypeAndLeave() throws Exception {
        Path socket = folder.resolve("c");
        List<String> sizes = new ArrayList<>();
        try (ServerSocketChannel server = server(socket);
                Console console = Console.connect(socket, (rows, columns) -> sizes.add(rows + "x" + columns),
                        () -> { });
                SocketChannel guest = server.accept()) {
            Attachment attachment = console.attach();
            attachment.write("xlsx".getBytes(StandardCharsets.US_ASCII), 1, 2);
            attachment.resize(24, 80);
            ByteBuffer got = ByteBuffer.allocate(2);
            while (got.hasRemaining()) {
                guest.read(got);
            }
            assertEquals("ls", new String(got.array(), StandardCharsets.US_ASCII));
            assertEquals(List.of("24x80"), sizes);
            Thread leaver = Thread.ofVirtual().start(attachment::close);
            assertEquals(-1, attachment.read(new byte[1]), "leaving wakes the reader");
            leaver.join();
        }
    }

    @Test
    void whatAGuestSaysIsBounded() {
        GuestStatus status = new GuestStatus();
        for (int port = 1; port <= 65_535; port++) {
            status.listening("tcp", port, port % 2 == 0);
        }
        assertEquals(GuestStatus.MOST_LISTENING, status.listening().size());
    }

    @Test
    void saysWhichPortHasNoListener() {
        GuestStatus status = new GuestStatus();
        List<PublishedPort> ports = List.of(PublishedPort.parse("80"), PublishedPort.parse("8443:443"),
                PublishedPort.parse("53/udp"));
        status.listening("udp", 53, true);
        status.listening("tcp", 443, false);
        assertEquals("nobody listens on tcp 80 in the guest; "
                + "tcp 443 is listened on at the guest's own loopback address only", status.missing(ports));
        assertTrue(status.localOnly());
        status.listening("tcp", 443, true);
        status.listening("tcp", 80, true);
        assertEquals("", status.missing(ports));
        assertFalse(status.localOnly());
    }

    @Test
    void logsStayBoundedUnderTheirWriter() throws Exception {
        Path log = folder.resolve("console.log");
        try (var writer = Files.newByteChannel(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            writer.write(ByteBuffer.wrap("0123456789".getBytes(StandardCharsets.US_ASCII)));
            LogRotator.rotate(log, 10);
            assertEquals("0123456789", Files.readString(log), "at the limit is within it");
            writer.write(ByteBuffer.wrap("ab".getBytes(StandardCharsets.US_ASCII)));
            LogRotator.rotate(log, 10);
            assertEquals("", Files.readString(log));
            assertEquals("23456789ab", Files.readString(folder.resolve("console.log.1")));
            writer.write(ByteBuffer.wrap("new".getBytes(StandardCharsets.US_ASCII)));
            assertEquals("new", Files.readString(log), "the writer goes on at the start: no hole");
        }
        assertFalse(LogRotator.rotate(log, 10), "nothing to do");
        assertFalse(LogRotator.rotate(folder.resolve("absent"), 10));
    }

    /** On a full disk above all. */
    @Test
    void aLogIsCutThoughItsPredecessorCannotBeWritten() throws Exception {
        Path log = Files.writeString(folder.resolve("kernel.log"), "0123456789ab");
        Files.createDirectory(folder.resolve("kernel.log.1"));
        assertThrows(IOException.class, () -> LogRotator.rotate(log, 10));
        assertEquals(0, Files.size(log));
    }

    @Test
    void tailsAreCleanAndShort() throws Exception {
        Path log = Files.write(folder.resolve("k"), ("x".repeat(20_000) + "\none\n\u001b[31mtwo\u0007\r\nthree\n")
                .getBytes(StandardCharsets.UTF_8));
        assertEquals("two\nthree", MachineFolder.tail(log, 2));
        assertEquals("", MachineFolder.tail(folder.resolve("absent"), 2));
    }
}

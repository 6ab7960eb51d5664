package eu.mikelangelo.linux.uring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.InetAddressLayout;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.linux.IovecLayout;
import eu.mikelangelo.linux.MessageLayout;
import eu.mikelangelo.linux.OpenFiles;
import eu.mikelangelo.linux.UnixSockets;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every operation against the kernel that runs the test. */
class UringOperationsTest extends UringFixture {
    private final HotCalls calls = new HotCalls();

    @Test
    void nopComes() {
        assertTrue(ring.nop(77));
        assertEquals(0, result(77));
    }

    @Test
    void filesAreWrittenAndReadAtAPlace(@TempDir Path folder) {
        int fd = keep(OpenFiles.open(folder.resolve("f").toString(), OpenFiles.O_RDWR | OpenFiles.O_CREAT, 0600));
        MemorySegment buffer = arena.allocate(16, 8);
        buffer.set(JAVA_LONG, 0, 0x1122334455667788L);
        assertTrue(ring.write(fd, buffer, 0, 8, 5_000_000_000L, 1));
        ring.flagLast(UringOperations.LINK);
        assertTrue(ring.fsync(fd, true, 2));
        assertEquals(8, result(1));
        assertEquals(0, result(2));
        assertEquals(5_000_000_008L, Fds.status(fd).size());
        assertTrue(ring.read(fd, buffer, 8, 8, 5_000_000_000L, 3));
        assertEquals(8, result(3));
        assertEquals(0x1122334455667788L, buffer.get(JAVA_LONG, 8));
        assertTrue(ring.fsync(fd, false, 4));
        assertEquals(0, result(4));
        assertTrue(ring.read(fd, buffer, 0, 8, 6_000_000_000L, 5));
        assertEquals(0, result(5));
    }

    @Test
    void filesAreOpened(@TempDir Path folder) {
        MemorySegment path = text(folder.resolve("new").toString());
        assertTrue(ring.open(path, OpenFiles.O_RDWR, 0, 1));
        assertEquals(-Errno.ENOENT, result(1));
        assertTrue(ring.open(path, OpenFiles.O_RDWR | OpenFiles.O_CREAT | OpenFiles.O_EXCL, 0600, 2));
        int fd = keep(result(2));
        assertTrue(Fds.status(fd).isRegular());
        assertTrue(ring.open(path, OpenFiles.O_RDWR | OpenFiles.O_CREAT | OpenFiles.O_EXCL, 0600, 3));
        assertEquals(-Errno.EEXIST, result(3));
    }

    @Test
    void anEventfdTellsOfCompletions() {
        int event = keep(Fds.eventFd());
        assertEquals(0, ring.signalTo(event));
        assertEquals(-Errno.EBUSY, ring.signalTo(event), "one is enough");
        int[] pair = keep(UnixSockets.pair());
        assertTrue(ring.recv(pair[0], arena.allocate(8), 0, 8, 0, 1));
        ring.submit();
        calls.drain(event);
        assertEquals(-Errno.EAGAIN, calls.drain(event));
        calls.send(pair[1], arena.allocate(8), 0, 3);
        assertEquals(0, calls.drain(event));
        assertEquals(3, result(1));
    }

    @Test
    void vectorsGatherAndScatter(@TempDir Path folder) {
        int fd = keep(OpenFiles.open(folder.resolve("f").toString(), OpenFiles.O_RDWR | OpenFiles.O_CREAT, 0600));
        MemorySegment text = text("hello world");
        MemorySegment iovecs = arena.allocate(IovecLayout.SIZE * 2, 8);
        IovecLayout.set(iovecs, 0, text.address() + 6, 5);
        IovecLayout.set(iovecs, 1, text.address(), 6);
        assertTrue(ring.writev(fd, iovecs, 2, 100, 1));
        assertEquals(11, result(1));
        MemorySegment got = arena.allocate(16);
        IovecLayout.set(iovecs, 0, got.address(), 3);
        IovecLayout.set(iovecs, 1, got.address() + 3, 12);
        assertTrue(ring.readv(fd, iovecs, 2, 100, 2));
        assertEquals(11, result(2));
        assertEquals("worldhello ", got.getString(0));
    }

    @Test
    void aFailedLinkCancelsWhatFollows() {
        MemorySegment buffer = arena.allocate(8);
        assertTrue(ring.read(1_000_000, buffer, 0, 8, 0, 1));
        ring.flagLast(UringOperations.LINK);
        assertTrue(ring.nop(2));
        assertEquals(-Errno.EBADF, result(1));
        assertEquals(-Errno.ECANCELED, result(2));
        assertThrows(IllegalStateException.class, () -> ring.flagLast(UringOperations.LINK));
    }

    @Test
    void aSkippedSuccessIsSilentAndAFailureIsNot() {
        assertTrue(ring.nop(1));
        ring.flagLast(UringOperations.SKIP_SUCCESS);
        assertTrue(ring.close(1_000_000, 2));
        ring.flagLast(UringOperations.SKIP_SUCCESS);
        assertEquals(-Errno.EBADF, result(2));
        assertTrue(ring.nop(1));
        assertEquals(0, result(1));
    }

    @Test
    void connectionsAreMadeAndAccepted() {
        int listener = keep(InetSockets.listenTcp(loopback(), 8, false));
        assertTrue(ring.accept(listener, 1));
        int client = keep(InetSockets.tcp(loopback()));
        MemorySegment address = arena.allocate(InetAddressLayout.SIZE, 8);
        int length = InetAddressLayout.set(address, 0, InetSockets.local(listener));
        assertTrue(ring.connect(client, address, length, 2));
        assertEquals(0, result(2));
        int server = keep(result(1));
        assertEquals(InetSockets.local(client), InetSockets.peer(server));

        MemorySegment buffer = arena.allocate(16);
        assertTrue(ring.recv(server, buffer, 0, 16, 0, 3));
        assertEquals(0, ring.submit() - 1);
        assertEquals(0, ring.peek());
        assertTrue(ring.send(client, text("hello"), 0, 6, 0, 4));
        assertEquals(6, result(4));
        assertEquals(6, result(3));
        assertEquals("hello", buffer.getString(0));

        assertTrue(ring.recv(server, buffer, 0, 12, UringOperations.MSG_WAITALL, 5));
        assertTrue(ring.send(client, text("hello"), 0, 6, UringOperations.MSG_MORE, 6));
        assertEquals(6, result(6));
        assertTrue(ring.send(client, text("world"), 0, 6, 0, 7));
        assertEquals(6, result(7));
        assertEquals(12, result(5));

        assertTrue(ring.shutdown(client, InetSockets.SHUT_WR, 8));
        assertEquals(0, result(8));
        assertTrue(ring.recv(server, buffer, 0, 16, 0, 9));
        assertEquals(0, result(9));
        assertTrue(ring.close(client, 10));
        assertEquals(0, result(10));
        assertEquals(-Errno.EBADF, calls.send(client, buffer, 0, 1));
        descriptors.remove((Integer) client);
        int refused = keep(InetSockets.tcp(loopback()));
        assertTrue(ring.close(listener, 11));
        assertEquals(0, result(11));
        descriptors.remove((Integer) listener);
        assertTrue(ring.connect(refused, address, length, 12));
        assertEquals(-Errno.ECONNREFUSED, result(12));
    }

    @Test
    void oneAcceptTakesManyConnections() {
        assumeTrue(ring.canAcceptMultishot(), "this kernel has no multishot accept");
        int listener = keep(InetSockets.listenTcp(loopback(), 8, false));
        assertTrue(ring.acceptMultishot(listener, 1));
        ring.submit();
        for (int i = 0; i < 5; i++) {
            int client = keep(InetSockets.connectTcp(InetSockets.local(listener)));
            Completion accepted = await(1);
            assertEquals(Uring.MORE, accepted.flags() & Uring.MORE);
            keep(accepted.result());
            assertEquals(InetSockets.local(client), InetSockets.peer(accepted.result()));
        }
        assertTrue(ring.cancel(1, 2));
        assertEquals(0, result(2));
        assertEquals(new Completion(-Errno.ECANCELED, 0), await(1));
    }

    @Test
    void datagramsCarryAddresses() {
        int a = keep(InetSockets.bindUdp(loopback(), false));
        int b = keep(InetSockets.bindUdp(loopback(), false));
        MemorySegment name = arena.allocate(InetAddressLayout.SIZE, 8);
        int length = InetAddressLayout.set(name, 0, InetSockets.local(b));
        MemorySegment iovec = arena.allocate(IovecLayout.SIZE, 8);
        MemorySegment header = arena.allocate(MessageLayout.SIZE, 8);
        IovecLayout.set(iovec, 0, text("hello").address(), 6);
        MessageLayout.set(header, name, iovec, 1);
        MessageLayout.nameLength(header, length);

        MemorySegment from = arena.allocate(InetAddressLayout.SIZE, 8);
        MemorySegment got = arena.allocate(16);
        MemorySegment into = arena.allocate(IovecLayout.SIZE, 8);
        MemorySegment received = arena.allocate(MessageLayout.SIZE, 8);
        IovecLayout.set(into, 0, got.address(), 16);
        MessageLayout.set(received, from, into, 1);
        assertTrue(ring.recvmsg(b, received, 0, 1));
        assertTrue(ring.sendmsg(a, header, 0, 2));
        assertEquals(6, result(2));
        assertEquals(6, result(1));
        assertEquals("hello", got.getString(0));
        assertEquals(InetSockets.local(a), InetAddressLayout.get(from, 0));
    }

    @Test
    void buffersArePickedWhenDataComes() {
        assumeTrue(ring.canRecvMultishot(), "this kernel has no multishot receive");
        int[] pair = keep(UnixSockets.pair());
        MemorySegment memory = arena.allocate(3 * 64 + 16);
        try (BufferRing buffers = BufferRing.register(ring, 7, 3, 64, memory, 16)) {
            assertTrue(ring.recvMultishot(pair[1], 7, 1));
            ring.submit();
            for (int round = 0; round < 20; round++) {
                String sent = "round " + round;
                calls.write(pair[0], text(sent), 0, sent.length() + 1);
                Completion completion = await(1);
                assertEquals(Uring.MORE | Uring.BUFFER, completion.flags() & (Uring.MORE | Uring.BUFFER));
                int id = buffers.take(completion.flags());
                assertEquals(2, buffers.available());
                assertEquals(sent.length() + 1, completion.result());
                assertEquals(sent, buffers.memory().getString(buffers.offset(id)));
                assertThrows(IllegalStateException.class, () -> buffers.take(completion.flags()));
                buffers.recycle(id);
                assertThrows(IllegalStateException.class, () -> buffers.recycle(id));
            }
            useUpAndGoOn(pair, buffers);
        }
    }

    private void useUpAndGoOn(int[] pair, BufferRing buffers) {
        int[] ids = new int[3];
        for (int i = 0; i < 3; i++) {
            calls.write(pair[0], text("x"), 0, 2);
            ids[i] = buffers.take(await(1).flags());
        }
        assertEquals(0, buffers.available());
        assertEquals(3, java.util.Arrays.stream(ids).distinct().count());
        calls.write(pair[0], text("y"), 0, 2);
        assertEquals(new Completion(-Errno.ENOBUFS, 0), new Completion(result(1), 0));
        buffers.recycle(ids[0]);
        buffers.recycle(ids[2]);
        buffers.recycle(ids[1]);
        assertTrue(ring.recvSelected(pair[1], 7, 2));
        Completion one = await(2);
        assertEquals(2, one.result());
        int id = buffers.take(one.flags());
        assertEquals((byte) 'y', buffers.memory().get(JAVA_BYTE, buffers.offset(id)));
        buffers.recycle(id);
        Fds.close(pair[0]);
        descriptors.remove((Integer) pair[0]);
        assertTrue(ring.recvMultishot(pair[1], 7, 3));
        Completion end = await(3);
        assertEquals(0, end.result());
        assertEquals(0, end.flags() & Uring.MORE);
    }

    @Test
    void bufferGroupsAreChecked() {
        assumeTrue(ring.canProvideBuffers(), "this kernel has no buffer rings");
        MemorySegment memory = arena.allocate(128);
        assertThrows(IndexOutOfBoundsException.class, () -> BufferRing.register(ring, 1, 3, 64, memory, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> BufferRing.register(ring, 65_536, 1, 64, memory, 0));
        assertThrows(IllegalArgumentException.class, () -> BufferRing.register(ring, 1, 0, 64, memory, 0));
        assertThrows(IllegalArgumentException.class, () -> BufferRing.register(ring, 1, 32_769, 1, memory, 0));
        assertThrows(IllegalArgumentException.class, () -> BufferRing.register(ring, 1, 1, 0, memory, 0));
        try (BufferRing buffers = BufferRing.register(ring, 65_535, 2, 64, memory, 0)) {
            assertEquals(65_535, buffers.group());
            assertEquals(64, buffers.size());
            assertEquals(64, buffers.offset(1));
            assertThrows(IndexOutOfBoundsException.class, () -> buffers.offset(2));
            assertThrows(IndexOutOfBoundsException.class, () -> buffers.recycle(2));
            assertThrows(IllegalStateException.class, () -> buffers.recycle(1));
            assertThrows(IllegalStateException.class, () -> buffers.take(0));
            assertThrows(IllegalStateException.class, () -> buffers.take(2 << 16 | Uring.BUFFER));
            assertEquals(null, BufferRing.register(ring, 65_535, 2, 64, memory, 0));
        }
        assertThrows(IndexOutOfBoundsException.class, () -> ring.recvMultishot(0, -1, 1));
        assertEquals(0, ring.pending());
    }

    @Test
    void pollsReportAndEnd() {
        int event = keep(Fds.eventFd());
        assertTrue(ring.poll(event, EpollEventLayout.EPOLLIN, 1));
        assertTrue(ring.pollMultishot(event, EpollEventLayout.EPOLLIN, 2));
        ring.submit();
        assertEquals(0, ring.peek());
        calls.signal(event);
        assertEquals(EpollEventLayout.EPOLLIN, result(1));
        Completion first = await(2);
        assertEquals(EpollEventLayout.EPOLLIN, first.result());
        assertEquals(Uring.MORE, first.flags() & Uring.MORE);
        calls.drain(event);
        calls.signal(event);
        assertEquals(EpollEventLayout.EPOLLIN, result(2));
        assertTrue(ring.pollRemove(2, 3));
        assertEquals(0, result(3));
        assertEquals(-Errno.ECANCELED, result(2));
        assertTrue(ring.pollRemove(2, 4));
        assertEquals(-Errno.ENOENT, result(4));
    }

    @Test
    void timeoutsEndInOrder() {
        long before = System.nanoTime();
        assertTrue(ring.timeout(60_000_000, 1));
        assertTrue(ring.timeout(20_000_000, 2));
        assertTrue(ring.timeout(-5, 3));
        assertEquals(-Errno.ETIME, result(3));
        assertEquals(-Errno.ETIME, result(2));
        long early = System.nanoTime() - before;
        assertEquals(-Errno.ETIME, result(1));
        long late = System.nanoTime() - before;
        assertTrue(early >= 20_000_000, "after " + early + " ns");
        assertTrue(late >= 60_000_000 && late < 10 * SECOND, "after " + late + " ns");
        assertTrue(ring.timeout(3600 * SECOND, 4));
        assertTrue(ring.cancel(4, 5));
        assertEquals(0, result(5));
        assertEquals(-Errno.ECANCELED, result(4));
    }

    @Test
    void whatIsInFlightCanBeCancelled() {
        int[] pair = keep(UnixSockets.pair());
        MemorySegment buffer = arena.allocate(16);
        assertTrue(ring.recv(pair[0], buffer, 0, 8, 0, 1));
        assertTrue(ring.recv(pair[0], buffer, 8, 8, 0, 2));
        assertTrue(ring.cancel(1, 3));
        assertEquals(0, result(3));
        assertEquals(-Errno.ECANCELED, result(1));
        assertTrue(ring.cancel(1, 4));
        assertEquals(-Errno.ENOENT, result(4));
        assumeTrue(ring.canCancelByFd(), "this kernel cannot cancel by descriptor");
        assertTrue(ring.poll(pair[0], EpollEventLayout.EPOLLIN, 5));
        assertTrue(ring.cancelFd(pair[0], 6));
        assertEquals(2, result(6));
        assertEquals(-Errno.ECANCELED, result(2));
        assertEquals(-Errno.ECANCELED, result(5));
        calls.write(pair[1], text("late"), 0, 5);
        assertTrue(ring.nop(7));
        assertEquals(0, result(7));
        assertEquals(0, buffer.get(JAVA_LONG, 0));
    }

    @Test
    void registeredFilesAreNamedBySlot(@TempDir Path folder) {
        int registered = ring.registerFiles(4);
        assumeTrue(registered != -Errno.EINVAL, "this kernel has no sparse file tables");
        assertEquals(0, registered);
        int fd = OpenFiles.open(folder.resolve("f").toString(), OpenFiles.O_RDWR | OpenFiles.O_CREAT, 0600);
        assertEquals(0, ring.updateFile(3, fd));
        Fds.close(fd);
        MemorySegment text = text("hello");
        assertTrue(ring.write(3, text, 0, 6, 0, 1));
        ring.flagLast(UringOperations.FIXED_FILE);
        assertEquals(6, result(1));
        assertEquals(0, ring.updateFile(3, -1));
        assertTrue(ring.write(3, text, 0, 6, 0, 2));
        ring.flagLast(UringOperations.FIXED_FILE);
        assertEquals(-Errno.EBADF, result(2));
        assertTrue(ring.updateFile(4, fd) < 0);
        assertNotEquals(0, ring.registerFiles(4));
    }

    @Test
    void directFilesWork(@TempDir Path folder) {
        int fd;
        try {
            fd = keep(OpenFiles.open(folder.resolve("f").toString(),
                    OpenFiles.O_RDWR | OpenFiles.O_CREAT | OpenFiles.O_DIRECT, 0600));
        } catch (eu.mikelangelo.linux.LinuxException refused) {
            assumeTrue(refused.errno() != Errno.EINVAL, "the file system of the temporary folder has no O_DIRECT");
            throw refused;
        }
        MemorySegment block = arena.allocate(8192, 4096);
        block.set(JAVA_LONG, 0, 9);
        assertTrue(ring.write(fd, block, 0, 4096, 4096, 1));
        ring.flagLast(UringOperations.ASYNC);
        assertEquals(4096, result(1));
        assertTrue(ring.read(fd, block, 4096, 4096, 4096, 2));
        assertEquals(4096, result(2));
        assertEquals(9, block.get(JAVA_LONG, 4096));
    }
}

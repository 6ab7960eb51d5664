package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallsTest {
    private final HotCalls calls = new HotCalls();
    private final Arena arena = Arena.ofAuto();

    @Test
    void eventFdSignalsThroughEpoll() {
        int event = Fds.eventFd();
        int epoll = Fds.epoll();
        MemorySegment events = arena.allocate(EpollEventLayout.SIZE * 4, 8);
        Fds.epollAdd(epoll, event, EpollEventLayout.EPOLLIN, 0x1122334455667788L);
        assertEquals(0, calls.epollWait(epoll, events, 0));
        assertEquals(0, calls.signal(event));
        assertEquals(1, calls.epollWait(epoll, events, 1000));
        assertEquals(EpollEventLayout.EPOLLIN, EpollEventLayout.events(events, 0));
        assertEquals(0x1122334455667788L, EpollEventLayout.data(events, 0));
        assertEquals(0, calls.drain(event));
        assertEquals(-Errno.EAGAIN, calls.drain(event));
        Fds.epollRemove(epoll, event);
        calls.signal(event);
        assertEquals(0, calls.epollWait(epoll, events, 0));
        Fds.close(event);
        Fds.close(epoll);
        assertEquals(-Errno.EBADF, calls.signal(event));
    }

    @Test
    void vectorsGatherAndScatter() {
        int[] pair = UnixSockets.pair();
        MemorySegment text = arena.allocateFrom("hello world");
        MemorySegment iovecs = arena.allocate(IovecLayout.SIZE * 2, 8);
        IovecLayout.set(iovecs, 0, text.address() + 6, 5);
        IovecLayout.set(iovecs, 1, text.address(), 5);
        assertEquals(10, calls.writev(pair[0], iovecs, 2));
        MemorySegment got = arena.allocate(16);
        IovecLayout.set(iovecs, 0, got.address(), 3);
        IovecLayout.set(iovecs, 1, got.address() + 3, 12);
        assertEquals(10, calls.readv(pair[1], iovecs, 2));
        assertEquals("worldhello", got.getString(0));
        assertEquals(-Errno.EAGAIN, calls.read(pair[1], got, 0, 16));
        Fds.close(pair[0]);
        assertEquals(0, calls.read(pair[1], got, 0, 16));
        Fds.close(pair[1]);
    }

    @Test
    void buffersAreChecked() {
        MemorySegment small = arena.allocate(8);
        assertThrows(IndexOutOfBoundsException.class, () -> calls.read(0, small, 4, 5));
        assertThrows(IndexOutOfBoundsException.class, () -> calls.writev(0, small, 1));
        assertThrows(IllegalArgumentException.class, () -> calls.write(1, MemorySegment.ofArray(new byte[4]), 0, 4));
    }

    @Test
    void descriptorsTravel() {
        int[] pair = UnixSockets.pair();
        int event = Fds.eventFd();
        FdSocket socket = new FdSocket();
        FdList fds = new FdList(2);
        MemorySegment bytes = arena.allocate(4);
        bytes.set(JAVA_BYTE, 0, (byte) 42);
        assertEquals(1, socket.send(pair[0], bytes, 0, 1, new int[] {event, event}, 2));
        bytes.set(JAVA_BYTE, 0, (byte) 0);
        assertEquals(1, socket.receive(pair[1], bytes, 0, 4, fds));
        assertEquals(42, bytes.get(JAVA_BYTE, 0));
        assertEquals(2, fds.count());
        int received = fds.take(1);
        fds.closeAll();
        assertEquals(0, calls.signal(received));
        assertEquals(0, calls.drain(event));
        Fds.close(received);
        Fds.close(event);
        Fds.close(pair[0]);
        Fds.close(pair[1]);
    }

    @Test
    void tooManyDescriptorsAreClosedAndReported() {
        long before = openFds();
        int[] pair = UnixSockets.pair();
        int event = Fds.eventFd();
        FdSocket socket = new FdSocket();
        FdList fds = new FdList(2);
        MemorySegment bytes = arena.allocate(4);
        socket.send(pair[0], bytes, 0, 1, new int[] {event, event, event}, 3);
        assertEquals(-Errno.EMSGSIZE, socket.receive(pair[1], bytes, 0, 4, fds));
        assertEquals(0, fds.count());
        Fds.close(pair[0]);
        assertEquals(0, socket.receive(pair[1], bytes, 0, 4, fds));
        Fds.close(event);
        Fds.close(pair[1]);
        assertEquals(before, openFds());
    }

    @Test
    void socketsListenAndConnect(@TempDir Path folder) {
        String path = folder.resolve("s").toString();
        assertEquals(-Errno.ENOENT, UnixSockets.connect(path));
        int listener = UnixSockets.listen(path, 4);
        assertEquals(-Errno.EAGAIN, UnixSockets.accept(listener));
        assertEquals(-Errno.EAGAIN, calls.accept(listener));
        int early = UnixSockets.connect(path);
        int accepted = calls.accept(listener);
        assertEquals(5, calls.send(early, arena.allocate(8), 0, 5));
        assertEquals(5, calls.recv(accepted, arena.allocate(8), 0, 8));
        Fds.close(early);
        Fds.close(accepted);
        int client = UnixSockets.connect(path);
        int server = UnixSockets.accept(listener);
        assertTrue(client >= 0 && server >= 0);
        assertEquals(ProcessHandle.current().pid(), UnixSockets.peer(server).pid());
        LinuxException taken = assertThrows(LinuxException.class, () -> UnixSockets.listen(path, 4));
        assertEquals(Errno.EADDRINUSE, taken.errno());
        assertTrue(taken.getMessage().contains(path) && taken.getMessage().contains("EADDRINUSE"), taken.getMessage());
        Fds.close(listener);
        Fds.close(client);
        Fds.close(server);
        assertEquals(-Errno.ECONNREFUSED, UnixSockets.connect(path));
        assertEquals(-Errno.ENAMETOOLONG, UnixSockets.connect("x".repeat(UnixSockets.MAX_PATH + 1)));
    }

    @Test
    void mappedFilesShareAndSeal() {
        int fd = Fds.memFd("test", 8192);
        assertEquals(0, Fds.seals(fd));
        Fds.addSeals(fd, Fds.F_SEAL_SHRINK);
        assertEquals(Fds.F_SEAL_SHRINK, Fds.seals(fd));
        assertThrows(LinuxException.class, () -> Fds.truncate(fd, 4096));
        Fds.Status status = Fds.status(fd);
        assertEquals(8192, status.size());
        assertEquals(4096, status.blockSize());
        assertTrue(status.isRegular());
        Arena one = Arena.ofShared();
        MemorySegment a = Mappings.shared(fd, 0, 8192, one);
        try (Arena two = Arena.ofShared()) {
            Mappings.shared(fd, 4096, 4096, two).set(JAVA_LONG, 8, 77);
        }
        assertEquals(77, a.get(JAVA_LONG, 4104));
        one.close();
        assertThrows(IllegalStateException.class, () -> a.get(JAVA_LONG, 0));
        LinuxException refused = assertThrows(LinuxException.class, () -> Mappings.shared(fd, 1, 4096, arena));
        assertEquals(Errno.EINVAL, refused.errno());
        Fds.close(fd);
    }

    @Test
    void privateMemoryIsZeroAndAligned() {
        for (int wish = 0; wish < 4; wish++) {
            try (Arena own = Arena.ofShared()) {
                MemorySegment memory = Mappings.anonymous(3 << 20, (wish & 1) != 0, (wish & 2) != 0, own);
                assertEquals(0, memory.address() % 4096);
                assertEquals(0, memory.get(JAVA_LONG, (3 << 20) - 8));
                memory.fill((byte) 1);
            }
        }
        LinuxException refused =
                assertThrows(LinuxException.class, () -> Mappings.anonymous(1L << 60, false, false, arena));
        assertEquals(Errno.ENOMEM, refused.errno());
    }

    @Test
    void aShrunkMappingThrowsAndTheProcessLives() {
        int fd = Fds.memFd("test", 8192);
        try (Arena shared = Arena.ofShared()) {
            MemorySegment map = Mappings.shared(fd, 0, 8192, shared);
            map.set(JAVA_LONG, 4096, 1);
            Fds.truncate(fd, 4096);
            assertThrows(InternalError.class, () -> {
                map.set(JAVA_LONG, 4096, 1);
                Thread.yield();
            });
        }
        Fds.close(fd);
    }

    @Test
    void affinityIsOfTheThread() throws InterruptedException {
        BitSet before = Cpus.allowed();
        assertFalse(before.isEmpty());
        int last = before.length() - 1;
        BitSet[] seen = new BitSet[1];
        Thread thread = new Thread(() -> {
            Cpus.pin(last);
            seen[0] = Cpus.allowed();
        });
        thread.start();
        thread.join();
        assertEquals(1, seen[0].cardinality());
        assertTrue(seen[0].get(last));
        assertEquals(before, Cpus.allowed());
    }

    private static long openFds() {
        return java.util.Objects.requireNonNull(new java.io.File("/proc/self/fd").list()).length;
    }
}

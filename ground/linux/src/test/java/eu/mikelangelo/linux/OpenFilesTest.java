package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenFilesTest {
    private final HotCalls calls = new HotCalls();
    private final Arena arena = Arena.ofAuto();

    @Test
    void bytesGoToAPlaceAndBack(@TempDir Path folder) {
        String path = folder.resolve("f").toString();
        LinuxException missing = assertThrows(LinuxException.class, () -> OpenFiles.open(path, OpenFiles.O_RDWR, 0));
        assertEquals(Errno.ENOENT, missing.errno());
        int fd = OpenFiles.open(path, OpenFiles.O_RDWR | OpenFiles.O_CREAT | OpenFiles.O_EXCL, 0600);
        assertEquals(0600, Fds.status(fd).mode() & 0777);
        assertThrows(LinuxException.class,
                () -> OpenFiles.open(path, OpenFiles.O_RDWR | OpenFiles.O_CREAT | OpenFiles.O_EXCL, 0600));
        MemorySegment buffer = arena.allocate(16, 8);
        buffer.set(JAVA_LONG, 0, 42);
        assertEquals(8, calls.pwrite(fd, buffer, 0, 8, 1L << 33));
        assertEquals((1L << 33) + 8, Fds.status(fd).size());
        assertEquals(8, calls.pread(fd, buffer, 8, 8, 1L << 33));
        assertEquals(42, buffer.get(JAVA_LONG, 8));
        assertEquals(0, calls.pread(fd, buffer, 8, 8, 1L << 34));
        assertEquals(0, calls.fdatasync(fd));
        assertThrows(IndexOutOfBoundsException.class, () -> calls.pread(fd, buffer, 9, 8, 0));
        Fds.truncate(fd, 0);
        assertEquals(0, Fds.status(fd).size());
        Fds.close(fd);
        assertEquals(-Errno.EBADF, calls.fdatasync(fd));
    }

    @Test
    void roomCanBeReservedAndGivenBack(@TempDir Path folder) {
        int fd = OpenFiles.open(folder.resolve("f").toString(), OpenFiles.O_RDWR | OpenFiles.O_CREAT, 0600);
        int reserved = OpenFiles.allocate(fd, 0, 0, 1 << 16);
        assumeTrue(reserved != -Errno.EOPNOTSUPP, "the file system of the temporary folder has no fallocate");
        assertEquals(0, reserved);
        assertEquals(1 << 16, Fds.status(fd).size());
        int punched = OpenFiles.allocate(fd, OpenFiles.FALLOC_PUNCH_HOLE | OpenFiles.FALLOC_KEEP_SIZE, 0, 4096);
        assertTrue(punched == 0 || punched == -Errno.EOPNOTSUPP, "fallocate " + punched);
        assertEquals(-Errno.EINVAL, OpenFiles.allocate(fd, 0, 0, 0));
        Fds.close(fd);
    }

    @Test
    void directFilesTakeAlignedBuffers(@TempDir Path folder) {
        int fd;
        try {
            fd = OpenFiles.open(folder.resolve("f").toString(),
                    OpenFiles.O_RDWR | OpenFiles.O_CREAT | OpenFiles.O_DIRECT, 0600);
        } catch (LinuxException refused) {
            assumeTrue(refused.errno() != Errno.EINVAL, "the file system of the temporary folder has no O_DIRECT");
            throw refused;
        }
        MemorySegment block = arena.allocate(8192, 4096);
        block.set(JAVA_LONG, 4096, 7);
        assertEquals(4096, calls.pwrite(fd, block, 4096, 4096, 4096));
        assertEquals(4096, calls.pread(fd, block, 0, 4096, 4096));
        assertEquals(7, block.get(JAVA_LONG, 0));
        Fds.close(fd);
    }

    @Test
    void cpuTimeIsOfTheThread() throws InterruptedException {
        Threads threads = new Threads();
        int[] tid = new int[1];
        CountDownLatch known = new CountDownLatch(1);
        CountDownLatch asked = new CountDownLatch(1);
        Thread busy = new Thread(() -> {
            Threads own = new Threads();
            tid[0] = own.current();
            long until = own.cpuNs(tid[0]) + 20_000_000;
            while (own.cpuNs(tid[0]) < until) {
                Thread.onSpinWait();
            }
            known.countDown();
            awaitQuietly(asked);
        });
        busy.start();
        known.await();
        long used = threads.cpuNs(tid[0]);
        assertTrue(used >= 20_000_000 && used < 10_000_000_000L, () -> "the thread used " + used + " ns");
        Thread.sleep(50);
        assertTrue(threads.cpuNs(tid[0]) - used < 20_000_000, "a parked thread uses no time");
        asked.countDown();
        busy.join();
        for (int tries = 0; threads.cpuNs(tid[0]) >= 0 && tries < 1000; tries++) {
            Thread.sleep(10);
        }
        assertEquals(-Errno.EINVAL, threads.cpuNs(tid[0]));
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}

package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Files that are not what a table says, or not for long. */
class MappedTableTest {
    private static final long SIZE = 1 << 20;

    /** Shrinks its file as soon as its size was asked for, and seals it then: small for ever, and large on paper. */
    private static class Racer implements PeerFiles {
        private final PeerFiles kernel = PeerFiles.ofKernel();

        @Override
        public Fds.Status status(int fd) {
            Fds.Status before = kernel.status(fd);
            if (canShrink(fd)) {
                Fds.truncate(fd, 4096);
                Fds.addSeals(fd, Fds.F_SEAL_SHRINK);
            }
            return before;
        }

        @Override
        public boolean canShrink(int fd) {
            return kernel.canShrink(fd);
        }

        @Override
        public MemorySegment map(int fd, long offset, long length, Arena arena) {
            return kernel.map(fd, offset, length, arena);
        }

        @Override
        public boolean prepareEventFd(int fd) {
            return kernel.prepareEventFd(fd);
        }

        @Override
        public int create(String name, long size) {
            return kernel.create(name, size);
        }

        @Override
        public void close(int fd) {
            kernel.close(fd);
        }
    }

    @Test
    void aFileIsMeasuredAfterItsSealWasSeen() {
        int file = Fds.memFd("guest", SIZE);
        try {
            assertThrows(IllegalArgumentException.class, () -> MappedTable.map(
                    TestGuest.oneRegion(SIZE).regions(), new int[] {file}, false, new Racer()));
        } finally {
            Fds.close(file);
        }
    }

    /** What the kernel says of a file of any size: nothing of it is mapped. */
    private static PeerFiles saying(long size, long blockSize) {
        return new Racer() {
            @Override
            public Fds.Status status(int fd) {
                return new Fds.Status(1, fd, 0100600, size, blockSize);
            }

            @Override
            public boolean canShrink(int fd) {
                return false;
            }
        };
    }

    private static String refused(PeerFiles files, Request.MemoryRegion... regions) {
        return assertThrows(IllegalArgumentException.class,
                () -> MappedTable.map(List.of(regions), new int[regions.length], false, files)).getMessage();
    }

    @Test
    void allRegionsTogetherHaveALimitToo() {
        long half = MappedTable.MAX_TOTAL / 2;
        String why = refused(saying(MappedTable.MAX_TOTAL, 4096), new Request.MemoryRegion(0, half, 0, 0),
                new Request.MemoryRegion(half, half + 1, half, 0));
        assertTrue(why.contains("more than " + MappedTable.MAX_TOTAL), why);
        why = refused(saying(Long.MAX_VALUE, 4096), new Request.MemoryRegion(0, MappedTable.MAX_TOTAL + 1, 0, 0));
        assertTrue(why.contains("does not lie in its file"), why);
    }

    @Test
    void blockSizesAreThoseOfMemory() {
        for (long block : new long[] {0, -4096, 2048, 6144, 1L << 31}) {
            String why = refused(saying(SIZE, block), new Request.MemoryRegion(0, SIZE, 0, 0));
            assertTrue(why.contains("block size of " + block), why);
        }
    }
}

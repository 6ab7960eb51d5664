package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertThrows;

import eu.mikelangelo.linux.Fds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** A peer that changes its file while the table is checked. */
class MappedTableTest {
    private static final long SIZE = 1 << 20;

    /** Shrinks its file as soon as its size was asked for, and seals it then: small for ever, and large on paper. */
    private static final class Racer implements PeerFiles {
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
}

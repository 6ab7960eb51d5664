package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.Mappings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a session does with a peer's descriptors; an interface so that a simulated world can stand in for the kernel.
 */
public interface PeerFiles {
    /** The kernel's own. */
    static PeerFiles ofKernel() {
        return new KernelFiles();
    }

    /**
     * True when the descriptor is an eventfd; it is made non-blocking, for the I/O core must never block on a peer's.
     */
    boolean prepareEventFd(int fd);

    /** Size, type and block size of a file. @throws eu.mikelangelo.linux.LinuxException when the descriptor is unfit */
    Fds.Status status(int fd);

    /** True when the peer could still shrink the file. */
    boolean canShrink(int fd);

    /**
     * Maps a part of a file, shared and writable.
     *
     * @throws eu.mikelangelo.linux.LinuxException when the kernel refuses
     */
    MemorySegment map(int fd, long offset, long length, Arena arena);

    /**
     * Memory of ours to share with the peer, as a file of zeros; its size is sealed, so neither side can change it.
     *
     * @throws eu.mikelangelo.linux.LinuxException when the kernel refuses
     */
    int create(String name, long size);

    /** Closes; ignores negative numbers. */
    void close(int fd);

    /** The real one. */
    final class KernelFiles implements PeerFiles {
        private KernelFiles() {}

        @Override
        public boolean prepareEventFd(int fd) {
            try {
                String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
                if (!target.equals("anon_inode:[eventfd]")) {
                    return false;
                }
            } catch (IOException gone) {
                return false;
            }
            Fds.nonBlocking(fd, true);
            return true;
        }

        @Override
        public Fds.Status status(int fd) {
            return Fds.status(fd);
        }

        @Override
        public boolean canShrink(int fd) {
            return (Fds.seals(fd) & Fds.F_SEAL_SHRINK) == 0;
        }

        @Override
        public MemorySegment map(int fd, long offset, long length, Arena arena) {
            return Mappings.shared(fd, offset, length, arena);
        }

        @Override
        public int create(String name, long size) {
            int fd = Fds.memFd(name, size);
            Fds.addSeals(fd, Fds.F_SEAL_SHRINK | Fds.F_SEAL_GROW | Fds.F_SEAL_SEAL);
            return fd;
        }

        @Override
        public void close(int fd) {
            Fds.close(fd);
        }
    }
}

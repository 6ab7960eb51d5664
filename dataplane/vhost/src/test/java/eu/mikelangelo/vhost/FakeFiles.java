package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A world without a kernel: descriptors are numbers of several kinds, every one of which must be closed exactly once.
 * Mappings share one piece of memory; what matters is that they are accessible until their arena closes, and not after.
 */
final class FakeFiles implements PeerFiles {
    enum Kind { SEALED, EVENT, OPEN, TINY, HUGE_PAGES, DEVICE, ODD_BLOCKS, BROKEN, UNMAPPABLE, INFLIGHT }

    static final long FILE_SIZE = 1 << 20;
    static final long INFLIGHT_SIZE = 1 << 18;
    private static final Kind[] KINDS = Kind.values();
    private static final int FIRST = 1_000_000;
    private static final int MOST = 4_096;
    private static final MemorySegment SCRATCH = Arena.global().allocate(4 << 20, 1 << 21);
    private static final MemorySegment INFLIGHT = Arena.global().allocate(INFLIGHT_SIZE, 4096);
    private static final int REGULAR = 0100600;

    private final byte[] kinds = new byte[MOST];
    private final boolean[] open = new boolean[MOST];
    private int next;
    private boolean inflightUsed;

    /** Creating memory fails. */
    boolean poor;
    /** Memory that can be shrunk may be mapped. */
    boolean trusting;
    private int mapped;

    int open(Kind kind) {
        if (next == MOST) {
            throw new IllegalStateException("a program with too many descriptors");
        }
        kinds[next] = (byte) kind.ordinal();
        open[next] = true;
        return FIRST + next++;
    }

    void give(FdList fds, Kind kind) {
        if (!fds.addOrClose(open(kind))) {
            throw new IllegalStateException("too many descriptors in a message");
        }
    }

    /** At the end of a program. */
    void everythingIsClosed() {
        for (int i = 0; i < next; i++) {
            if (open[i]) {
                throw new AssertionError("descriptor " + i + " of kind " + KINDS[kinds[i]] + " is not closed");
            }
        }
        CheckingHandler.require(mapped == 0, mapped + " mappings are left");
        if (inflightUsed) {
            INFLIGHT.fill((byte) 0);
        }
    }

    /** A predecessor left something else in what tracks buffers in flight. */
    void scribble(int at, int value) {
        inflightUsed = true;
        INFLIGHT.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    private Kind kind(int fd) {
        int index = fd - FIRST;
        if (index < 0 || index >= next || !open[index]) {
            throw new AssertionError("descriptor " + index + " is used and not open");
        }
        return KINDS[kinds[index]];
    }

    @Override
    public boolean prepareEventFd(int fd) {
        return kind(fd) == Kind.EVENT;
    }

    @Override
    public Fds.Status status(int fd) {
        return switch (kind(fd)) {
            case BROKEN -> throw new LinuxException("fstat", fd, Errno.EBADF);
            case DEVICE, EVENT -> new Fds.Status(1, fd, 0020600, 0, 4096);
            case TINY -> new Fds.Status(1, fd, REGULAR, 8192, 4096);
            case HUGE_PAGES -> new Fds.Status(1, fd, REGULAR, FILE_SIZE, 1 << 21);
            case ODD_BLOCKS -> new Fds.Status(1, fd, REGULAR, FILE_SIZE, 5000);
            case INFLIGHT -> new Fds.Status(1, fd, REGULAR, INFLIGHT.byteSize(), 4096);
            default -> new Fds.Status(1, fd, REGULAR, FILE_SIZE, 4096);
        };
    }

    @Override
    public boolean canShrink(int fd) {
        return kind(fd) == Kind.OPEN;
    }

    @Override
    public MemorySegment map(int fd, long offset, long length, Arena arena) {
        Kind kind = kind(fd);
        Fds.Status status = status(fd);
        long end = status.size() + status.blockSize() - 1 & -status.blockSize();
        CheckingHandler.require(offset >= 0 && length > 0 && offset <= end - length, "mapped beyond the file");
        CheckingHandler.require(trusting || kind != Kind.OPEN, "mapped what can be shrunk");
        MemorySegment file = kind == Kind.INFLIGHT ? INFLIGHT : SCRATCH;
        if (kind == Kind.UNMAPPABLE) {
            throw new LinuxException("mmap", length + " bytes", Errno.ENOMEM);
        }
        inflightUsed |= kind == Kind.INFLIGHT;
        mapped++;
        return file.asSlice(offset, length).reinterpret(arena, gone -> mapped--);
    }

    @Override
    public int create(String name, long size) {
        if (poor || size > INFLIGHT.byteSize()) {
            throw new LinuxException("memfd_create", name, Errno.ENFILE);
        }
        return open(Kind.INFLIGHT);
    }

    @Override
    public void close(int fd) {
        if (fd >= 0) {
            kind(fd);
            open[fd - FIRST] = false;
        }
    }
}

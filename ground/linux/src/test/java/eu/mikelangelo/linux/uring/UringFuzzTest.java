package eu.mikelangelo.linux.uring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.IovecLayout;
import eu.mikelangelo.linux.MessageLayout;
import eu.mikelangelo.linux.OpenFiles;
import eu.mikelangelo.linux.UnixSockets;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random operations with random arguments, some of them impossible. Whatever is queued completes exactly once, what is
 * out of bounds is refused and not queued, and no byte outside the buffer changes.
 */
class UringFuzzTest extends UringFixture {
    private static final int ROUNDS = 60;
    private static final int OPERATIONS = 150;
    private static final int GUARD = 4096;
    private static final int SIZE = 8192;
    private static final byte PATTERN = 0x5a;
    private static final int GROUP = 3;
    private static final long CLEANER = -1;

    private final MemorySegment all = arena.allocate(GUARD + SIZE + GUARD, 8).fill(PATTERN);
    private final MemorySegment buffer = all.asSlice(GUARD, SIZE);
    private final int[] open = new int[5];
    private boolean[] inFlight;
    private int queued;
    private int ended;
    private int faults;
    private BufferRing buffers;

    @Test
    void everythingEndsOnceAndInBounds(@TempDir Path folder) {
        MemorySegment memory = arena.allocate(8 * 128);
        buffers = ring.canProvideBuffers() ? BufferRing.register(ring, GROUP, 8, 128, memory, 0) : null;
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Random random = new Random(round);
            begin(folder.resolve("f" + round).toString());
            for (int i = 0; i < OPERATIONS; i++) {
                refused += step(random) ? 0 : 1;
            }
            end(round);
        }
        assertTrue(refused > ROUNDS && refused < ROUNDS * OPERATIONS / 2, refused + " refused");
        assertEquals(0, faults, "the kernel met a bad address");
        if (buffers != null) {
            assertEquals(8, buffers.available());
            buffers.close();
        }
    }

    private void begin(String file) {
        int[] pair = UnixSockets.pair();
        open[0] = pair[0];
        open[1] = pair[1];
        open[2] = OpenFiles.open(file, OpenFiles.O_RDWR | OpenFiles.O_CREAT, 0600);
        open[3] = Fds.eventFd();
        open[4] = 1_000_000;
        inFlight = new boolean[OPERATIONS];
        queued = 0;
        ended = 0;
    }

    /** @return false when the arguments were refused */
    private boolean step(Random random) {
        int before = ring.pending();
        try {
            if (operation(random, queued)) {
                inFlight[queued++] = true;
            } else {
                assertEquals(ring.entries(), before, "refused without being full");
            }
        } catch (IndexOutOfBoundsException outside) {
            assertEquals(before, ring.pending());
            return false;
        }
        if (random.nextInt(4) == 0) {
            assertTrue(ring.submit() >= 0);
        }
        if (random.nextInt(8) == 0) {
            reap();
        }
        return true;
    }

    private boolean operation(Random random, long tag) {
        int fd = open[random.nextInt(open.length)];
        long offset = random.nextInt(SIZE + 64) - 16;
        int length = random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(512);
        long position = random.nextInt(3) == 0 ? -1 : random.nextInt(100_000);
        MemorySegment header = header(random);
        return switch (random.nextInt(19)) {
            case 0 -> ring.nop(tag);
            case 1 -> ring.read(fd, buffer, offset, length, position, tag);
            case 2 -> ring.write(fd, buffer, offset, length, position, tag);
            case 3 -> ring.readv(fd, vectors(random), random.nextInt(4), position, tag);
            case 4 -> ring.writev(fd, vectors(random), random.nextInt(4), position, tag);
            case 5 -> ring.fsync(fd, random.nextBoolean(), tag);
            case 6 -> ring.accept(fd, tag);
            case 7 -> ring.recv(fd, buffer, offset, length, 0, tag);
            case 8 -> ring.send(fd, buffer, offset, length, 0, tag);
            case 9 -> ring.sendmsg(fd, header, 0, tag);
            case 10 -> ring.recvmsg(fd, header, 0, tag);
            case 11 -> ring.connect(fd, buffer, length, tag);
            case 12 -> ring.close(1_000_000, tag);
            case 13 -> ring.poll(fd, EpollEventLayout.EPOLLIN, tag);
            case 14 -> ring.pollRemove(random.nextInt(OPERATIONS), tag);
            case 15 -> ring.timeout(random.nextInt(1_000_000), tag);
            case 16 -> ring.cancel(random.nextInt(OPERATIONS), tag);
            case 17 -> ring.cancelFd(fd, tag);
            default -> buffers == null ? ring.nop(tag) : ring.recvSelected(fd, GROUP, tag);
        };
    }

    /** Three vectors inside the buffer, in memory of their own until the test ends. */
    private MemorySegment vectors(Random random) {
        MemorySegment vectors = arena.allocate(3 * IovecLayout.SIZE, 8);
        for (int i = 0; i < 3; i++) {
            int at = random.nextInt(SIZE);
            IovecLayout.set(vectors, i, buffer.address() + at, random.nextInt(Math.min(512, SIZE - at)));
        }
        return vectors;
    }

    private MemorySegment header(Random random) {
        MemorySegment header = arena.allocate(MessageLayout.SIZE, 8);
        MessageLayout.set(header, null, vectors(random), 3);
        return header;
    }

    private void reap() {
        int count = ring.peek();
        for (int i = 0; i < count; i++) {
            if (ring.userData(i) == CLEANER) {
                continue;
            }
            int tag = (int) ring.userData(i);
            assertTrue(inFlight[tag], "operation " + tag + " ended twice");
            assertEquals(0, ring.flags(i) & Uring.MORE);
            if ((ring.flags(i) & Uring.BUFFER) != 0) {
                buffers.recycle(buffers.take(ring.flags(i)));
            }
            if (ring.result(i) == -Errno.EFAULT) {
                faults++;
            }
            inFlight[tag] = false;
            ended++;
        }
        ring.advance(count);
    }

    /** Cancels what waits on the descriptors, and sees everything end. */
    private void end(int round) {
        // By the clock: a kernel thread may be in the middle of an fsync, and cancels answer at once.
        for (long start = System.nanoTime(); ended < queued && System.nanoTime() - start < 20 * SECOND;) {
            for (int fd : open) {
                ring.cancelFd(fd, CLEANER);
            }
            assertTrue(ring.submitAndWait(1, SECOND / 1000) >= 0);
            reap();
        }
        assertEquals(queued, ended, "operations of round " + round + " did not end");
        for (int i = 0; i < 4; i++) {
            Fds.close(open[i]);
        }
        for (int at = 0; at < GUARD; at++) {
            assertEquals(PATTERN, all.get(JAVA_BYTE, at));
            assertEquals(PATTERN, all.get(JAVA_BYTE, GUARD + SIZE + at));
        }
    }
}

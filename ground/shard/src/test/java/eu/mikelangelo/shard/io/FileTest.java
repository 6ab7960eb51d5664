package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Again;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Promise;
import eu.mikelangelo.shard.Shard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTest extends DevicesFixture {
    private static final int BLOCK = File.ALIGNMENT;
    private static final long TOO_OFTEN = 600_000;
    /**
     * For 10,000 requests: the JDK makes a slice of 40 bytes per system call where its compiler does not see that
     * nobody keeps it. One object of a request would be more.
     */
    private static final long FEW_BYTES = 10_000 * 40 + 10_000;
    @TempDir
    Path folder;

    private File open(String name, File.Open... more) {
        File.Open[] how = new File.Open[more.length + 3];
        how[0] = File.Open.READ;
        how[1] = File.Open.WRITE;
        how[2] = File.Open.CREATE;
        System.arraycopy(more, 0, how, 3, more.length);
        return File.open(folder.resolve(name).toString(), how).awaitAnyway();
    }

    /** @return null when the file system cannot, and says so */
    private File openDirect(String name) {
        try {
            return open(name, File.Open.DIRECT);
        } catch (LinuxException refused) {
            assertTrue(refused.getMessage().contains("O_DIRECT"), refused.getMessage());
            return null;
        }
    }

    private static int errno(Future<?> failing) {
        return assertThrows(LinuxException.class, failing::await).errno();
    }

    @Test
    void whatIsWrittenIsRead() {
        run(() -> {
            Region out = File.buffer(3 * BLOCK);
            Random random = new Random(7);
            for (int i = 0; i < out.size(); i += 8) {
                out.u64(i, random.nextLong());
            }
            try (File file = open("data")) {
                assertEquals(0, file.size());
                assertEquals(10_000, file.write(out, 5, 10_000, 5_000_000_001L).await());
                assertEquals(0, file.dataSync().await());
                assertEquals(5_000_010_001L, file.size());
                Region in = File.buffer(4 * BLOCK);
                assertEquals(10_000, file.read(in, 3, 16_000, 5_000_000_001L).await(), "the file ends there");
                assertEquals(-1, out.segment().asSlice(5, 10_000).mismatch(in.segment().asSlice(3, 10_000)));
                assertEquals(0, file.read(in, 0, 10, 6_000_000_000L).await());
                assertEquals(0, file.inFlight());
                assertThrows(IndexOutOfBoundsException.class, () -> file.read(in, in.size() - 3, 4, 0));
                assertThrows(IllegalArgumentException.class, () -> file.read(in, 0, 4, -1));
            }
            return null;
        });
    }

    @Test
    void manyRequestsRunAtATime() {
        run(() -> {
            try (File file = open("many", File.Open.SYNCHRONOUS)) {
                List<Future<Integer>> all = new ArrayList<>();
                for (int i = 0; i < 400; i++) {
                    Region block = File.buffer(8);
                    block.u64(0, i);
                    all.add(file.write(block, 0, 8, i * 8L));
                }
                assertEquals(400, Future.all(all).await().size());
                Region in = File.buffer(3200);
                assertEquals(3200, file.read(in, 0, 3200, 0).await());
                for (int i = 0; i < 400; i++) {
                    assertEquals(i, in.u64(i * 8L));
                }
            }
            return null;
        });
    }

    @Test
    void directFilesWantAlignedMemory() {
        run(() -> {
            File file = openDirect("direct");
            assumeTrue(file != null, "no O_DIRECT in the folder for temporary files");
            try (File direct = file) {
                Region block = File.buffer(2 * BLOCK);
                assertEquals(0, block.segment().address() % BLOCK);
                block.u64(BLOCK, 42);
                assertEquals(2 * BLOCK, direct.write(block, 0, 2 * BLOCK, 0).await());
                block.u64(BLOCK, 0);
                assertEquals(2 * BLOCK, direct.read(block, 0, 2 * BLOCK, 0).await());
                assertEquals(42, block.u64(BLOCK));
                for (int[] bad : new int[][] {{1, BLOCK, 0}, {0, 512, 0}, {0, BLOCK, 512}}) {
                    String message = assertThrows(IllegalArgumentException.class,
                            () -> direct.read(block, bad[0], bad[1], bad[2])).getMessage();
                    assertTrue(message.contains("DIRECT"), message);
                }
            }
            // A file whose end is within a block.
            Files.write(folder.resolve("odd"), new byte[BLOCK + 100]);
            try (File odd = open("odd", File.Open.DIRECT)) {
                assertEquals(BLOCK + 100, odd.read(File.buffer(2 * BLOCK), 0, 2 * BLOCK, 0).await());
            }
            return null;
        });
    }

    @Test
    void aFileSystemWithoutDirectSaysSo() {
        run(() -> {
            LinuxException refused = assertThrows(LinuxException.class,
                    () -> File.open("/proc/self/status", File.Open.DIRECT).await());
            assertEquals(Errno.EINVAL, refused.errno());
            assertTrue(refused.getMessage().contains("O_DIRECT"), refused.getMessage());
            // tmpfs refused it too before Linux 6.6.
            Path memory = Path.of("/dev/shm");
            if (Files.isWritable(memory)) {
                Path file = Files.createTempFile(memory, "direct", "");
                try (File direct = File.open(file.toString(), File.Open.DIRECT).awaitAnyway()) {
                    assertTrue(direct.isDirect());
                } catch (LinuxException old) {
                    assertTrue(old.getMessage().contains("O_DIRECT"), old.getMessage());
                } finally {
                    Files.delete(file);
                }
            }
            return null;
        });
    }

    @Test
    void errorsNameTheFileAndTheCause() {
        run(() -> {
            LinuxException absent = assertThrows(LinuxException.class, () -> File.open("/no/such").await());
            assertEquals(Errno.ENOENT, absent.errno());
            assertTrue(absent.getMessage().contains("/no/such"), absent.getMessage());
            open("old").close();
            assertEquals(Errno.EEXIST, errno(File.open(folder.resolve("old").toString(), File.Open.NEW)));
            Region bytes = File.buffer(100);
            try (File full = File.open("/dev/full", File.Open.WRITE).awaitAnyway()) {
                LinuxException noSpace = assertThrows(LinuxException.class,
                        () -> full.write(bytes, 0, 100, 0).await());
                assertEquals(Errno.ENOSPC, noSpace.errno());
                assertTrue(noSpace.getMessage().contains("/dev/full, 100 bytes at 0"), noSpace.getMessage());
            }
            try (File readOnly = File.open(folder.resolve("old").toString()).awaitAnyway()) {
                assertEquals(Errno.EBADF, errno(readOnly.write(bytes, 0, 1, 0)));
            }
            return null;
        });
    }

    @Test
    void withoutDescriptorsOpeningFailsAndThenWorksAgain() {
        run(() -> {
            open("one").close();
            assertEquals(Errno.ENOENT, errno(File.open("/no/such")));   // so that the classes are there
            long before = Descriptors.limit(3);
            try {
                LinuxException refused = assertThrows(LinuxException.class, () -> open("two"));
                assertEquals(Errno.EMFILE, refused.errno());
                assertTrue(refused.getMessage().contains("too many open files"), refused.getMessage());
            } finally {
                Descriptors.limit(before);
            }
            open("two").close();
            return null;
        });
    }

    @Test
    void closingEndsWhatIsInFlight() throws Exception {
        int before = run(Descriptors::count);
        run(() -> {
            File file = open("closed", File.Open.SYNCHRONOUS);
            Region block = File.buffer(64 * 1024);
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                all.add(file.write(block, 0, 64 * 1024, i * 65_536L));
            }
            file.close();
            file.close();
            assertThrows(IllegalStateException.class, () -> file.write(block, 0, 1, 0));
            assertThrows(IllegalStateException.class, file::size);
            assertTrue(all.get(299).isDone(), "what had not begun ends at once");
            file.closed().await();
            assertEquals(0, file.inFlight());
            int cancelled = 0;
            for (Future<Integer> each : all) {
                assertTrue(each.isDone());
                cancelled += each.failure() == null ? 0 : 1;
            }
            assertTrue(cancelled >= 300 - 128, cancelled + " cancelled");
            return null;
        });
        Descriptors.await(before);
    }

    @Test
    void aRequestThatWaitsIsCancelledAtOnce() {
        Device slow = new Device(host, "slow", 1_000, 1);
        IoLane lane = new IoLane.Lanes(slow).lane("only", 1);
        run(() -> {
            try (File file = open("waiting")) {
                Region block = File.buffer(BLOCK);
                // Behind the limit of what is with the kernel.
                List<Future<Integer>> all = new ArrayList<>();
                for (int i = 0; i < 200; i++) {
                    all.add(file.write(block, 0, 8, 0));
                }
                file.cancel(all.get(150));
                assertEquals(Errno.ECANCELED, errno(all.remove(150)));
                file.cancel(all.get(198));
                assertEquals(Errno.ECANCELED, errno(all.remove(198)));
                Future.all(all).await();
                // In a lane: the second operation has its turn in eight seconds.
                file.lane(lane);
                file.write(block, 0, 8, 0).await();
                Future<Integer> waits = file.write(block, 0, 8, 0);
                assertFalse(waits.isDone());
                file.cancel(waits);
                assertEquals(Errno.ECANCELED, errno(waits));
                Future<Integer> patient = file.read(block, 0, 8, 0);
                assertThrows(Context.Ended.class, () -> Context.within(5_000_000, () -> file.await(patient)));
                assertEquals(0, file.inFlight());
                file.lane(null);
                assertEquals(8, file.await(file.read(block, 0, 8, 0)), "without a lane");
            }
            return null;
        });
    }

    @Test
    void aRequestWithTheKernelIsCancelled() throws Exception {
        assumeTrue(hasRing(), "a thread in a system call cannot be stopped");
        Path fifo = folder.resolve("fifo");
        assumeTrue(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor() == 0);
        run(() -> {
            File file = File.open(fifo.toString(), File.Open.READ, File.Open.WRITE).awaitAnyway();
            Region block = File.buffer(BLOCK);
            Future<Integer> reads = file.read(block, 0, 8, 0);
            assertThrows(Context.Ended.class, () -> Context.within(30_000_000, () -> file.await(reads)));
            assertTrue(reads.isDone());
            Future<Integer> closedUnder = file.read(block, 0, 8, 0);
            eu.mikelangelo.shard.Fiber.sleepNs(5_000_000);
            file.close();
            file.closed().await();
            assertEquals(Errno.ECANCELED, errno(closedUnder));
            return null;
        });
        int before = run(Descriptors::count);
        run(() -> {
            File file = File.open(fifo.toString(), File.Open.READ, File.Open.WRITE).awaitAnyway();
            file.read(File.buffer(BLOCK), 0, 8, 0);
            Shard.current().after(3_000_000, file::close);
            return null;
        });
        Descriptors.await(before);
    }

    @Test
    void aLaneCountsBytes() {
        Device link = new Device(host, "1 MB/s", 1_000_000, 1_000_000);
        IoLane lane = new IoLane.Lanes(link).lane("only", 1);
        long tookNs = run(() -> {
            try (File file = open("lane").lane(lane)) {
                long start = System.nanoTime();
                List<Future<Integer>> all = new ArrayList<>();
                for (int i = 0; i < 5; i++) {
                    all.add(file.write(File.buffer(50_000), 0, 50_000, 0));
                }
                Future.all(all).await();
                return System.nanoTime() - start;
            }
        });
        // 50 ms each; the fifth begins when four are over, less what may be done ahead.
        assertTrue(tookNs > 4 * 50_000_000L - 2 * Device.BURST_NS, tookNs + " ns");
    }

    /** Reads the same block again and again, as an agent does, until 10,000 times in a row allocate next to nothing. */
    private static final class Again extends FileRequest {
        private final File file;
        private final Region block = File.buffer(BLOCK);
        private final Promise<Long> over = new Promise<>();
        private long count;
        private long before;
        private long least = Long.MAX_VALUE;

        Again(File file) {
            this.file = file;
        }

        @Override
        protected void ended(int result) {
            if (result != BLOCK) {
                over.fail(new IOException("result " + result));
            } else if (++count % 10_000 == 0 && enough()) {
                over.complete(least);
            } else {
                read(file, block, 0, BLOCK, 0);
            }
        }

        /** What is asked allocates a little itself. */
        private boolean enough() {
            long now = allocatedBytes(Thread.currentThread().threadId());
            long allocated = now - before;
            before = now;
            least = Math.min(least, allocated);
            return least < FEW_BYTES || count >= TOO_OFTEN;
        }
    }

    @Test
    void requestsThatAreUsedAgainAllocateNothing() {
        assumeTrue(hasRing(), "threads are told of through queues that allocate");
        long least = run(() -> {
            try (File file = open("again")) {
                file.write(File.buffer(BLOCK), 0, BLOCK, 0).await();
                Again again = new Again(file);
                again.read(file, again.block, 0, BLOCK, 0);
                assertTrue(again.isInFlight());
                assertThrows(IllegalStateException.class, () -> again.read(file, again.block, 0, 8, 0));
                return again.over.await();
            }
        });
        assertTrue(least < FEW_BYTES, "10,000 requests allocated " + least + " bytes");
    }

    @Test
    void hostsThatComeAndGoLeaveNoDescriptor() throws Exception {
        int before = 0;
        for (int i = 0; i < 6; i++) {
            host.close();
            if (i == 1) {
                before = Descriptors.count();
            }
            host = eu.mikelangelo.shard.Host.start(options());
            run(() -> {
                File file = open("kept");
                for (int j = 0; j < 200; j++) {
                    file.write(File.buffer(BLOCK), 0, BLOCK, j);
                }
                file.close();   // and nobody waits
                return null;
            });
        }
        host.close();
        Descriptors.await(before);
    }
}

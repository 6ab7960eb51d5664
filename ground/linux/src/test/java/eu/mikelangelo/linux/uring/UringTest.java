package eu.mikelangelo.linux.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.UnixSockets;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The two queues, waiting and closing. */
class UringTest extends UringFixture {
    @Test
    void saysWhatItIs() {
        assertEquals(8, ring.entries());
        assertEquals(64, ring.completions());
        assertTrue(ring.describe().startsWith("io_uring, 8 entries, 64 completions, "), ring.describe());
        assertEquals(ring.canAcceptMultishot(), ring.describe().contains("; multishot accept"));
        assertEquals(0, ring.lost());
    }

    @Test
    void aFullQueueRefusesAndIntactOperationsGo() {
        for (int i = 0; i < 8; i++) {
            assertEquals(8 - i, ring.room());
            assertTrue(ring.nop(i));
        }
        assertEquals(8, ring.pending());
        assertFalse(ring.nop(8));
        assertFalse(ring.timeout(1, 9));
        assertFalse(ring.recvMultishot(0, 1, 10));
        assertEquals(8, ring.submit());
        assertEquals(0, ring.pending());
        for (int i = 0; i < 8; i++) {
            assertEquals(0, result(i));
        }
        long enters = ring.enters();
        assertEquals(0, ring.submit());
        assertEquals(enters, ring.enters(), "a submit of nothing makes no system call");
    }

    @Test
    void placesAreGoneRoundManyTimes() {
        long next = 0;
        long expected = 0;
        java.util.Random random = new java.util.Random(1);
        while (expected < 10_000) {
            for (int i = random.nextInt(9); i > 0 && ring.nop(next); i--) {
                next++;
            }
            assertTrue(ring.submit() >= 0);
            int count = Math.min(ring.peek(), random.nextInt(20));
            for (int i = 0; i < count; i++) {
                assertEquals(expected++, ring.userData(i));
            }
            ring.advance(count);
        }
        while (expected < next) {
            assertEquals(0, result(expected++));
        }
    }

    @Test
    void completionsThatDoNotFitComeLater() {
        int total = 200;
        for (int i = 0; i < total; i++) {
            if (!ring.nop(i)) {
                assertEquals(8, ring.submit());
                assertTrue(ring.nop(i));
            }
        }
        assertTrue(ring.submit() >= 0);
        assertEquals(64, ring.peek());
        BitSet seen = new BitSet();
        for (int turn = 0; turn < 100 && seen.cardinality() < total; turn++) {
            int count = ring.peek();
            for (int i = 0; i < count; i++) {
                assertFalse(seen.get((int) ring.userData(i)));
                seen.set((int) ring.userData(i));
            }
            ring.advance(count);
            assertTrue(ring.submit() >= 0);
        }
        assertEquals(total, seen.cardinality());
        assertTrue(ring.overflows() > 0);
        assertEquals(0, ring.lost());
        long before = ring.overflows();
        assertEquals(0, ring.submitAndWait(1, 1));
        assertEquals(before, ring.overflows());
    }

    @Test
    void anOverflowIsSeenByAWaitToo() {
        for (int i = 0; i < 100; i++) {
            if (!ring.nop(i)) {
                ring.submit();
                ring.nop(i);
            }
        }
        ring.submit();
        long before = ring.overflows();
        ring.advance(ring.peek());
        assertTrue(ring.submitAndWait(36, 10 * SECOND) >= 0);
        assertEquals(36, ring.peek());
        assertTrue(ring.overflows() > before);
    }

    @Test
    void completionsOutsideThePeekedAreRefused() {
        assertThrows(IndexOutOfBoundsException.class, () -> ring.result(0));
        ring.nop(1);
        ring.submit();
        assertEquals(1, ring.peek());
        assertEquals(1, ring.userData(0));
        assertThrows(IndexOutOfBoundsException.class, () -> ring.result(1));
        assertThrows(IndexOutOfBoundsException.class, () -> ring.advance(2));
        assertThrows(IndexOutOfBoundsException.class, () -> ring.flags(-1));
        ring.advance(1);
        assertThrows(IndexOutOfBoundsException.class, () -> ring.userData(0));
    }

    @Test
    void aWaitEndsInTime() {
        long before = System.nanoTime();
        assertEquals(0, ring.submitAndWait(1, 30_000_000));
        long took = System.nanoTime() - before;
        assertTrue(took >= 30_000_000 && took < 10 * SECOND, "waited " + took + " ns");
        assertEquals(0, ring.submitAndWait(1, 0));
        assertEquals(0, ring.submitAndWait(1, -1));
        assertEquals(0, ring.submitAndWait(0, SECOND));
        ring.nop(1);
        assertEquals(1, ring.submitAndWait(1, Uring.FOR_EVER));
        assertEquals(1, ring.peek());
    }

    @Test
    void anotherThreadWakesAWaiter() throws InterruptedException {
        for (boolean blocking : new boolean[] {true, false}) {
            int event = keep(Fds.eventFd());
            Fds.nonBlocking(event, !blocking);
            MemorySegment counter = arena.allocate(JAVA_LONG);
            assertTrue(ring.read(event, counter, 0, 8, UringOperations.NO_POSITION, 1));
            Thread waker = new Thread(() -> {
                pause();
                new HotCalls().signal(event);
            });
            waker.start();
            assertEquals(1, ring.submitAndWait(1, Uring.FOR_EVER));
            assertEquals(1, ring.peek());
            assertEquals(8, ring.result(0), "an eventfd that is " + (blocking ? "blocking" : "non-blocking"));
            assertEquals(1, counter.get(JAVA_LONG, 0));
            ring.advance(1);
            waker.join();
        }
    }

    @Test
    void aRingWakesAnother() throws InterruptedException {
        org.junit.jupiter.api.Assumptions.assumeTrue(ring.canMessage(), "this kernel has no messages between rings");
        int target = ring.descriptor();
        AtomicInteger sent = new AtomicInteger(Integer.MIN_VALUE);
        for (int i = 0; i < 20; i++) {
            int value = i;
            Thread other = new Thread(() -> {
                try (Uring own = ((Uring.Opening.Ready) Uring.open(4, 8)).ring()) {
                    own.message(target, value, 1L << 50, 7);
                    own.submitAndWait(1, 10 * SECOND);
                    sent.set(own.peek() == 1 ? own.result(0) : Integer.MAX_VALUE);
                }
            });
            other.start();
            assertEquals(0, ring.submitAndWait(1, 10 * SECOND));
            assertEquals(1, ring.peek());
            assertEquals(1L << 50, ring.userData(0));
            assertEquals(value, ring.result(0));
            ring.advance(1);
            other.join();
            assertEquals(0, sent.get());
        }
    }

    @Test
    void aWaiterDoesNotHoldUpACollection() throws InterruptedException {
        int event = keep(Fds.eventFd());
        MemorySegment counter = arena.allocate(JAVA_LONG);
        ring.read(event, counter, 0, 8, UringOperations.NO_POSITION, 1);
        Thread collector = new Thread(() -> {
            pause();
            System.gc();
            new HotCalls().signal(event);
        });
        collector.start();
        // For ever if the waiting call kept the JVM from its safepoint: the signal comes after the collection.
        assertEquals(1, ring.submitAndWait(1, 60 * SECOND));
        assertEquals(1, ring.peek());
        ring.advance(1);
        collector.join();
    }

    @Test
    void onlyTheOwnerMaySubmit() throws InterruptedException {
        assertTrue(ring.nop(1));
        AtomicInteger result = new AtomicInteger();
        Thread other = new Thread(() -> result.set(ring.submit()));
        other.start();
        other.join();
        if (ring.describe().contains("SINGLE_ISSUER")) {
            assertTrue(result.get() < 0, "another thread's submit gave " + result);
        }
        assertEquals(0, result(1));
    }

    @Test
    void closingCancelsWhatIsInFlight() {
        int[] pair = keep(UnixSockets.pair());
        MemorySegment buffer = arena.allocate(JAVA_INT);
        ring.recv(pair[0], buffer, 0, 4, 0, 1);
        ring.submit();
        assertTrue(ring.closeAndCancel());
        assertTrue(ring.closeAndCancel());
        ring.close();
        new HotCalls().write(pair[1], text("abc"), 0, 4);
        assertEquals(0, buffer.get(JAVA_INT, 0));
        assertThrows(IllegalStateException.class, () -> ring.nop(1));
        assertThrows(IllegalStateException.class, ring::submit);
        assertTrue(ring.registerFiles(1) < 0);
    }

    @Test
    void turnsAllocateNothing() {
        var bean = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        int[] pair = keep(UnixSockets.pair());
        MemorySegment buffer = arena.allocate(64);
        for (int warm = 0; warm < 20; warm++) {
            turns(1000, pair, buffer);
        }
        // Several windows: the JVM itself may charge the thread now and then.
        long least = Long.MAX_VALUE;
        for (int window = 0; window < 10 && least > 0; window++) {
            long before = bean.getCurrentThreadAllocatedBytes();
            turns(1000, pair, buffer);
            least = Math.min(least, bean.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least, "bytes in 1000 turns");
    }

    private void turns(int count, int[] pair, MemorySegment buffer) {
        int ended = 0;
        for (int i = 0; i < count; i++) {
            ring.send(pair[0], buffer, 0, 32, 0, 1);
            ring.recv(pair[1], buffer, 32, 32, 0, 2);
            ring.timeout(0, 3);
            ring.submit();
            if (ring.peek() == 0) {
                ring.submitAndWait(1, 1_000_000);
            }
            for (int c = 0, n = ring.peek(); c < n; c++) {
                ended += ring.userData(c) != 0 && ring.result(c) != 0 && ring.flags(c) >= 0 ? 1 : 0;
            }
            ring.advance(ring.peek());
        }
        assertTrue(ended > count);
    }

    @Test
    void aThreadMayOpenManyRingsOneAfterTheOther() {
        int before = java.util.Objects.requireNonNull(new java.io.File("/proc/self/fd").list()).length;
        String first = ring.describe();
        for (int i = 0; i < 40; i++) {
            close();
            open();
            assertEquals(first, ring.describe());
        }
        assertEquals(before, java.util.Objects.requireNonNull(new java.io.File("/proc/self/fd").list()).length);
    }

    private static void pause() {
        try {
            Thread.sleep(30);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}

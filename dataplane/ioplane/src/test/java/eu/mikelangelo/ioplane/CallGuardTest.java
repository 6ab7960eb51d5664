package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.metrics.DistinctErrors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guard makes of calls that return, that do not, and that go wrong. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CallGuardTest {
    private final DistinctErrors errors = new DistinctErrors();
    private final Switch fabric = new Switch(new FrameRules(FrameRules.NO_GATEWAY, 0), fd -> { });
    private final CallGuard guard = new CallGuard(new HotCalls());

    private Port port(int callFd) {
        Port port = new Port(PortConfig.open("peer"));
        assertTrue(fabric.add(port, 0));
        port.first.rxCallFd = callFd;
        return port;
    }

    /** Not an eventfd, so reading does not help: whoever were removed now would wait for the core, and it for him. */
    @Test
    void aCallThatCannotBeEndedIsReportedNotAnswered() throws InterruptedException {
        int[] pair = fullSockets();
        port(pair[0]);
        // The guard makes the file non-blocking; that does not end the write that waits already.
        Thread core = Thread.ofPlatform().daemon().start(() -> guard.ring(pair[0]));
        CoreBench.await("the core to be held", () -> inCall(core));
        assertNull(guard.free(fabric, errors), "one look is none");
        for (int look = 0; look < 3; look++) {
            assertNull(guard.free(fabric, errors), "it is still held");
        }
        assertTrue(errors.entries().getFirst().toString().contains("port peer"), errors.entries().toString());
        assertTrue(core.isAlive());
        Fds.close(pair[1]);
        core.join();
        assertNull(guard.free(fabric, errors));
        Fds.close(pair[0]);
    }

    /** @return two sockets; writing the first waits until the second is read or closed */
    private static int[] fullSockets() {
        int[] pair = UnixSockets.pair();
        HotCalls calls = new HotCalls();
        MemorySegment bytes = Arena.ofAuto().allocate(4096);
        int wrote = 1;
        while (wrote > 0) {
            wrote = calls.write(pair[0], bytes, 0, 4096);
        }
        Fds.nonBlocking(pair[0], false);
        return pair;
    }

    private static boolean inCall(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getMethodName().equals("signal")) {
                return true;
            }
        }
        return false;
    }

    /** The descriptor is gone between two looks: nothing is thrown, for the caller is the plane's own loop. */
    @Test
    void aDescriptorThatCannotBeDuplicatedIsReported() throws InterruptedException {
        int[] pair = fullSockets();
        port(pair[0]);
        Thread core = Thread.ofPlatform().daemon().start(() -> guard.ring(pair[0]));
        CoreBench.await("the core to be held", () -> inCall(core));
        assertNull(guard.free(fabric, errors));
        Fds.close(pair[0]);
        assertNull(guard.free(fabric, errors));
        assertTrue(errors.entries().toString().contains("EBADF"), errors.entries().toString());
        Fds.close(pair[1]);
        core.join();
    }

    /** A shrunk file's error may be raised in the call; what looks like a call that goes on would cost its port. */
    @Test
    void aCallThatThrowsIsOver() {
        CallGuard broken = new CallGuard(null);
        port(7);
        assertThrows(NullPointerException.class, () -> broken.ring(7));
        assertNull(broken.free(fabric, errors));
        assertNull(broken.free(fabric, errors));
        assertEquals(0, errors.recorded());
    }

    /** Also not where the core gets too little time and is often found in the same call. */
    @Test
    void anHonestPortIsNeverNamed() throws InterruptedException {
        AtomicBoolean end = new AtomicBoolean();
        try (CoreBench bench = new CoreBench(new IoOptions(-1, 30_000, Frames.GATEWAY_MAC, Frames.GATEWAY_IP))) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            Thread traffic = Thread.ofPlatform().start(() -> exchange(a, b, end));
            for (int i = 0; i < 2 * Runtime.getRuntime().availableProcessors(); i++) {
                Thread.ofPlatform().daemon().start(() -> spin(end));
            }
            for (long until = System.nanoTime() + 1_500_000_000L; System.nanoTime() < until; ) {
                assertNull(bench.core.freeFromCall());
            }
            long calls = b.port.calls();
            CoreBench.await("another call", () -> b.port.calls() > calls);
            assertNull(bench.core.freeFromCall());
            end.set(true);
            traffic.join();
            assertFalse(bench.errors.recorded() > 0, bench.errors.entries().toString());
        } finally {
            end.set(true);
        }
    }

    private static void exchange(CoreBench.Machine a, CoreBench.Machine b, AtomicBoolean end) {
        byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 100, new Random(1));
        while (!end.get()) {
            b.nic.receiver().armCalls();
            a.send(frame);
            while (b.nic.poll() != null) {
                b.refill(1);
            }
            Thread.onSpinWait();
        }
    }

    private static void spin(AtomicBoolean end) {
        while (!end.get()) {
            Thread.onSpinWait();
        }
    }
}

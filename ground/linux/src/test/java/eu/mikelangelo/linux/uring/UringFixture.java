package eu.mikelangelo.linux.uring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.linux.Fds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A ring of the kernel that runs the test, and a simple way to wait for what it completes. */
abstract class UringFixture {
    static final long SECOND = 1_000_000_000L;

    final Arena arena = Arena.ofAuto();
    final List<Integer> descriptors = new ArrayList<>();
    private final Map<Long, Completion> seen = new HashMap<>();
    Uring ring;

    record Completion(int result, int flags) {}

    @BeforeEach
    void open() {
        ring = switch (Uring.open(8, 64)) {
            case Uring.Opening.Ready(Uring ready) -> ready;
            case Uring.Opening.Refused(String reason) -> {
                assumeTrue(ring != null, "no io_uring here: " + reason);
                yield null;
            }
        };
    }

    @AfterEach
    void close() {
        if (ring != null) {
            assertTrue(ring.closeAndCancel(), "operations did not end");
        }
        descriptors.forEach(Fds::close);
        descriptors.clear();
    }

    /** Submits and waits, up to ten seconds, for the completion of {@code userData}; others are remembered. */
    Completion await(long userData) {
        for (int tries = 0; tries < 100 && !seen.containsKey(userData); tries++) {
            int result = ring.submitAndWait(1, SECOND / 10);
            assertTrue(result >= 0, () -> "enter " + result);
            int count = ring.peek();
            for (int i = 0; i < count; i++) {
                Completion completion = new Completion(ring.result(i), ring.flags(i));
                Completion twice = seen.put(ring.userData(i), completion);
                assertEquals(null, twice, "a second completion of " + ring.userData(i));
            }
            ring.advance(count);
        }
        Completion completion = seen.remove(userData);
        assertTrue(completion != null, () -> "no completion of " + userData + "; seen " + seen);
        return completion;
    }

    int result(long userData) {
        return await(userData).result();
    }

    int keep(int descriptor) {
        assertTrue(descriptor >= 0, () -> "descriptor " + descriptor);
        descriptors.add(descriptor);
        return descriptor;
    }

    int[] keep(int[] pair) {
        keep(pair[0]);
        keep(pair[1]);
        return pair;
    }

    MemorySegment text(String text) {
        return arena.allocateFrom(text);
    }

    static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }
}

package eu.mikelangelo.linux.uring;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * What REGISTER_PROBE does not tell, found out by trying on a new ring. The operations go to an eventfd: a kernel that
 * knows the request complains about the descriptor (-ENOTSOCK), one that does not about the request (-EINVAL).
 */
final class UringProbe {
    private static final int GROUP = BufferRing.MAX_GROUPS - 1;
    private static final long LIMIT_NS = 1_000_000_000L;
    private static final int PROBES = 3;

    final boolean acceptMultishot;
    final boolean recvMultishot;
    final boolean cancelByFd;
    final boolean bufferRings;

    /** @param results of a multishot accept, a multishot receive and a cancel, all on an eventfd */
    UringProbe(boolean bufferRings, int[] results) {
        this.bufferRings = bufferRings;
        acceptMultishot = results[0] == -Errno.ENOTSOCK;
        recvMultishot = bufferRings && results[1] == -Errno.ENOTSOCK;
        cancelByFd = results[2] >= 0 || results[2] == -Errno.ENOENT;
    }

    static UringProbe of(Uring ring) {
        int eventFd = Fds.eventFd();
        int[] results = new int[PROBES];
        Arrays.fill(results, -Errno.EINVAL);
        ring.acceptMultishot(eventFd, 0);
        ring.recvMultishot(eventFd, GROUP, 1);
        ring.cancelFd(eventFd, 2);
        // A wait may end early, on a signal; three tries are plenty for operations that fail at once.
        int seen = 0;
        for (int tries = 0; seen < PROBES && tries < PROBES; tries++) {
            Uring.check("probe", ring.submitAndWait(PROBES - seen, LIMIT_NS));
            int count = ring.peek();
            for (int i = 0; i < count; i++) {
                results[(int) ring.userData(i)] = ring.result(i);
            }
            ring.advance(count);
            seen += count;
        }
        Fds.close(eventFd);
        return new UringProbe(buffers(ring), results);
    }

    String names() {
        return "; " + (acceptMultishot ? "" : "no ") + "multishot accept, " + (bufferRings ? "" : "no ")
                + "buffer rings, " + (recvMultishot ? "" : "no ") + "multishot receive, " + (cancelByFd ? "" : "no ")
                + "cancel by descriptor";
    }

    private static boolean buffers(Uring ring) {
        try (Arena arena = Arena.ofConfined()) {
            BufferRing buffers = BufferRing.register(ring, GROUP, 1, 64, arena.allocate(64, 64), 0);
            if (buffers == null) {
                return false;
            }
            buffers.close();
            return true;
        }
    }
}

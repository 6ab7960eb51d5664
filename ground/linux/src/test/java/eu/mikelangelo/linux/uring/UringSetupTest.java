package eu.mikelangelo.linux.uring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.UnixSockets;
import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Kernels that know or allow less than the one that runs the test. */
class UringSetupTest {
    private static final int[] YOUNGEST_FIRST = {UringLayout.SETUP_DEFER_TASKRUN, UringLayout.SETUP_SINGLE_ISSUER,
        UringLayout.SETUP_TASKRUN_FLAG, UringLayout.SETUP_SUBMIT_ALL, UringLayout.SETUP_CLAMP,
        UringLayout.SETUP_CQSIZE};
    private static final String[] NAMES = {"DEFER_TASKRUN", "SINGLE_ISSUER", "COOP_TASKRUN", "SUBMIT_ALL", "CLAMP",
        "CQSIZE"};

    /** The real kernel behind what a test takes away. */
    private static final class LesserKernel extends UringKernel {
        int error;
        String disabled = "0";
        int unknownFlags;
        int missingFeatures;
        int missingOperation = -1;
        int refusedRegister = -1;
        int mapsBeforeFailure = Integer.MAX_VALUE;

        @Override
        int setup(int entries, MemorySegment params) {
            if (error != 0) {
                return -error;
            }
            if ((params.get(JAVA_INT, UringLayout.PARAMS_FLAGS) & unknownFlags) != 0) {
                return -Errno.EINVAL;
            }
            int fd = super.setup(entries, params);
            int features = params.get(JAVA_INT, UringLayout.PARAMS_FEATURES);
            params.set(JAVA_INT, UringLayout.PARAMS_FEATURES, features & ~missingFeatures);
            return fd;
        }

        @Override
        int register(int fd, int operation, long argument, int count) {
            if (operation == refusedRegister) {
                return -Errno.EINVAL;
            }
            int result = super.register(fd, operation, argument, count);
            if (operation == UringLayout.REGISTER_PROBE && missingOperation >= 0) {
                MemorySegment.ofAddress(argument).reinterpret(UringLayout.PROBE_SIZE + 256 * 8)
                        .set(JAVA_BYTE, UringLayout.PROBE_SIZE + missingOperation * 8L + 2, (byte) 0);
            }
            return result;
        }

        @Override
        MemorySegment map(int fd, long offset, long length, Arena arena) {
            if (mapsBeforeFailure-- == 0) {
                throw new LinuxException("mmap", length, Errno.ENOMEM);
            }
            return super.map(fd, offset, length, arena);
        }

        @Override
        String disabled() {
            return disabled;
        }
    }

    private final LesserKernel kernel = new LesserKernel();

    @BeforeEach
    void aRingIsPossible() {
        switch (Uring.open(8, 16)) {
            case Uring.Opening.Ready(Uring ring) -> ring.close();
            case Uring.Opening.Refused(String reason) -> assumeTrue(reason == null, "no io_uring here: " + reason);
        }
    }

    @Test
    void flagsFallAwayOneByOne() {
        for (int flag = 0; flag < YOUNGEST_FIRST.length; flag++) {
            kernel.unknownFlags |= YOUNGEST_FIRST[flag];
            try (Uring ring = ready()) {
                for (int i = 0; i < NAMES.length; i++) {
                    // What this kernel refuses by itself may be missing too, never the other way round.
                    assertFalse(i <= flag && ring.describe().contains(NAMES[i]), ring.describe());
                }
                receives(ring);
            }
        }
    }

    @Test
    void sizesAreCutToWhatTheKernelTakes() {
        try (Uring ring = ((Uring.Opening.Ready) Uring.open(0, 0)).ring()) {
            assertEquals(Uring.MIN_ENTRIES, ring.entries());
            assertEquals(2 * Uring.MIN_ENTRIES, ring.completions());
        }
        try (Uring ring = ((Uring.Opening.Ready) Uring.open(100, 1000)).ring()) {
            assertEquals(128, ring.entries());
            assertEquals(1024, ring.completions());
            receives(ring);
        }
    }

    @Test
    void missingFeaturesAreNamed() {
        int[] features = {UringLayout.FEAT_EXT_ARG, UringLayout.FEAT_NODROP, UringLayout.FEAT_FAST_POLL,
            UringLayout.FEAT_SINGLE_MMAP, UringLayout.FEAT_SUBMIT_STABLE};
        String[] names = {"EXT_ARG", "NODROP", "FAST_POLL", "SINGLE_MMAP", "SUBMIT_STABLE"};
        for (int i = 0; i < features.length; i++) {
            kernel.missingFeatures = features[i];
            assertRefused(names[i]);
        }
    }

    @Test
    void missingOperationsAreNamed() {
        kernel.missingOperation = UringLayout.OP_SHUTDOWN;
        assertRefused("SHUTDOWN");
        kernel.missingOperation = UringLayout.OP_ASYNC_CANCEL;
        assertRefused("ASYNC_CANCEL");
        kernel.missingOperation = UringLayout.OP_MSG_RING;
        try (Uring ring = ready()) {
            assertFalse(ring.canMessage());
            assertTrue(ring.describe().contains("no messages between rings"));
        }
        kernel.refusedRegister = UringLayout.REGISTER_PROBE;
        assertRefused("REGISTER_PROBE");
    }

    @Test
    void refusalsSayWhy() {
        kernel.error = Errno.ENOSYS;
        assertRefused("ENOSYS: this kernel has no io_uring");
        kernel.error = Errno.EPERM;
        assertRefused("filter");
        kernel.disabled = "1";
        assertRefused("io_uring_disabled=1");
        kernel.disabled = "2";
        assertRefused("io_uring_disabled=2");
        kernel.error = Errno.ENOMEM;
        assertRefused("ulimit -l");
        kernel.error = Errno.EMFILE;
        assertRefused("ulimit -n");
        kernel.error = Errno.EINVAL;
        assertRefused("EINVAL");
    }

    @Test
    void aFailedMappingLeavesNothingBehind() {
        int before = descriptors();
        kernel.mapsBeforeFailure = 0;
        assertRefused("ENOMEM");
        kernel.mapsBeforeFailure = 1;
        assertRefused("mapped");
        assertEquals(before, descriptors());
    }

    @Test
    void aRingWorksByItsDescriptorToo() {
        kernel.refusedRegister = UringLayout.REGISTER_RING_FDS;
        try (Uring ring = ready()) {
            assertFalse(ring.describe().contains("REGISTERED_RING"));
            receives(ring);
        }
    }

    @Test
    void withoutBufferRingsThereAreNone() {
        kernel.refusedRegister = UringLayout.REGISTER_PBUF_RING;
        try (Uring ring = ready()) {
            assertFalse(ring.canProvideBuffers());
            assertFalse(ring.canRecvMultishot());
            assertTrue(ring.describe().contains("no buffer rings"));
        }
    }

    @Test
    void aKernelThatCannotCancelAllSaysSo() {
        kernel.refusedRegister = UringLayout.REGISTER_SYNC_CANCEL;
        assertFalse(ready().closeAndCancel());
    }

    @Test
    void answersOfOldKernelsMeanNo() {
        int no = -Errno.EINVAL;
        assertEquals("; no multishot accept, no buffer rings, no multishot receive, no cancel by descriptor",
                new UringProbe(false, new int[] {no, no, no}).names());
        assertEquals("; multishot accept, buffer rings, multishot receive, cancel by descriptor",
                new UringProbe(true, new int[] {-Errno.ENOTSOCK, -Errno.ENOTSOCK, -Errno.ENOENT}).names());
        assertEquals("; multishot accept, no buffer rings, no multishot receive, cancel by descriptor",
                new UringProbe(false, new int[] {-Errno.ENOTSOCK, -Errno.ENOTSOCK, 0}).names());
    }

    private Uring ready() {
        return assertInstanceOf(Uring.Opening.Ready.class, Uring.open(kernel, 8, 64)).ring();
    }

    private void assertRefused(String part) {
        int before = descriptors();
        String reason = assertInstanceOf(Uring.Opening.Refused.class, Uring.open(kernel, 8, 64)).reason();
        assertTrue(reason.contains(part) && !reason.contains("\n"), reason);
        assertEquals(before, descriptors(), reason);
    }

    /** A receive that must wait, and its end: task work of every kind of set-up is run. */
    private static void receives(Uring ring) {
        int[] pair = UnixSockets.pair();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(8);
            assertTrue(ring.recv(pair[0], buffer, 0, 8, 0, 5));
            assertEquals(1, ring.submit());
            assertEquals(0, ring.peek());
            assertEquals(3, new HotCalls().write(pair[1], arena.allocateFrom("ab"), 0, 3));
            int seen = 0;
            for (int tries = 0; tries < 1000 && seen == 0; tries++) {
                assertTrue(ring.submit() >= 0);
                seen = ring.peek();
                Thread.onSpinWait();
            }
            assertEquals(1, seen, "the completion came without waiting");
            assertEquals(3, ring.result(0));
            assertEquals("ab", buffer.getString(0));
            ring.advance(1);
        }
        eu.mikelangelo.linux.Fds.close(pair[0]);
        eu.mikelangelo.linux.Fds.close(pair[1]);
    }

    private static int descriptors() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }
}

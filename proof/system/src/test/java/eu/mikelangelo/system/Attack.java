package eu.mikelangelo.system;

import eu.mikelangelo.virtio.SplitRingLayout;
import java.io.IOException;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * What a hostile guest does to the plane, in steps. Each is also played with a guest that is connected to nothing: the
 * same work for its CPU, nothing for the plane.
 */
enum Attack {
    /** Descriptors whose chain has no end. */
    LOOPS("more descriptors than the queue") {
        @Override
        void step(RingGuest guest, boolean real, Random random) throws IOException {
            for (int i = 0; i < RingGuest.SIZE; i++) {
                guest.describe(RingGuest.TRANSMIT, i, BUFFER, 64, SplitRingLayout.FLAG_NEXT, i + 1 & LAST);
            }
            send(guest, real);
        }
    },
    /** Descriptors of memory that the guest does not have. */
    OUTSIDE("memory the guest does not have") {
        @Override
        void step(RingGuest guest, boolean real, Random random) throws IOException {
            for (int i = 0; i < RingGuest.SIZE; i++) {
                guest.describe(RingGuest.TRANSMIT, i, random.nextLong() | 1L << 40, 64, 0, 0);
            }
            send(guest, real);
        }
    },
    /** Descriptors that change while the plane reads them. */
    FLIPS("") {
        @Override
        void step(RingGuest guest, boolean real, Random random) throws IOException {
            long begin = System.nanoTime();
            for (int i = 0; i < RingGuest.SIZE; i++) {
                guest.describe(RingGuest.TRANSMIT, i, BUFFER, 64, 0, 0);
            }
            send(guest, real);
            while (System.nanoTime() - begin < STEP_NS) {
                int slot = random.nextInt(RingGuest.SIZE);
                boolean evil = random.nextInt(64) == 0;
                guest.describe(RingGuest.TRANSMIT, slot, evil ? random.nextLong() : BUFFER, evil ? -1 : 64, evil
                        ? random.nextInt(8) : 0, random.nextInt(2 * RingGuest.SIZE));
                guest.describe(RingGuest.TRANSMIT, slot, BUFFER, 64, 0, 0);
                guest.offerAll();
            }
        }
    },
    /** As many notifications of nothing as the CPU makes. */
    KICKS("") {
        @Override
        void step(RingGuest guest, boolean real, Random random) {
            for (int i = 0; i < 1_000; i++) {
                guest.kick(i & 1);
            }
        }
    },
    /** Frames are sent to it, and it takes none. */
    DEAF("") {
        @Override
        void step(RingGuest guest, boolean real, Random random) {
            LockSupport.parkNanos(PAUSE_NS);
        }
    };

    static final long BUFFER = RingGuest.RING_BYTES + RingGuest.BUFFERS;
    private static final int LAST = RingGuest.SIZE - 1;
    private static final long STEP_NS = 5_000_000;
    private static final long PAUSE_NS = 100_000;

    /** A part of the fault that the plane tells of; empty when this breaks no rule. */
    final String fault;

    Attack(String fault) {
        this.fault = fault;
    }

    /** @param real whether the guest is connected */
    abstract void step(RingGuest guest, boolean real, Random random) throws IOException;

    /** Makes the whole ring available to a plane that gave up on what was there before, and lets it look. */
    private static void send(RingGuest guest, boolean real) throws IOException {
        if (real) {
            guest.rewind();
            guest.startRing(RingGuest.TRANSMIT);
            guest.settle();
        }
        guest.kick(RingGuest.TRANSMIT);
        LockSupport.parkNanos(STEP_NS / 2);
    }
}

package eu.mikelangelo.system;

import eu.mikelangelo.virtio.SplitRingLayout;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * What a hostile guest does to the plane, in steps. Each is also played with a guest that is connected to nothing: the
 * same work for its CPU, nothing for the plane.
 */
enum Attack {
    /** Descriptors whose chain has no end. */
    LOOPS(".*more descriptors than the queue.*", 6) {
        @Override
        void step(RingGuest guest, boolean real, Random random) {
            for (int i = 0; i < RingGuest.SIZE; i++) {
                guest.describe(i, BUFFER, 64, SplitRingLayout.FLAG_NEXT, i + 1 & LAST);
            }
            send(guest, real);
        }
    },
    /** Descriptors of memory that the guest does not have. */
    OUTSIDE(".*memory the guest does not have.*", 6) {
        @Override
        void step(RingGuest guest, boolean real, Random random) {
            for (int i = 0; i < RingGuest.SIZE; i++) {
                guest.describe(i, random.nextLong() | 1L << 40, 64, 0, 0);
            }
            send(guest, real);
        }
    },
    /** Descriptors that change while the plane reads them; few, for those that are well cost what frames cost. */
    FLIPS("descriptor|index|chain", 6) {
        @Override
        void step(RingGuest guest, boolean real, Random random) {
            for (int i = 0; i < RingGuest.SIZE; i++) {
                guest.describe(i, BUFFER, 64, 0, 0);
            }
            long begin = System.nanoTime();
            send(guest, real);
            while (System.nanoTime() - begin < FLIP_NS) {
                int slot = random.nextInt(RingGuest.SIZE);
                boolean evil = random.nextInt(RingGuest.SIZE) == 0;
                guest.describe(slot, evil ? random.nextLong() : BUFFER, evil ? -1 : 64, evil
                        ? random.nextInt(8) : 0, random.nextInt(2 * RingGuest.SIZE));
            }
        }
    },
    /** A notification of nothing for each honest frame: more than a guest's processor makes. */
    KICKS("", 6) {
        @Override
        void step(RingGuest guest, boolean real, Random random) {
            for (int i = 0; i < KICKS_PER_STEP; i++) {
                guest.kick(i & 1);
            }
        }
    },
    /** Memory whose file shrinks while it is used; it must be accepted for that, which io serve does. */
    SHRINKS(".*memory.*", 16) {
        @Override
        void step(RingGuest guest, boolean real, Random random) {
            guest.renewMemory();
            if (real) {
                guest.start();
            }
            guest.shrinkMemory();
            guest.kick(RingGuest.TRANSMIT);
            LockSupport.parkNanos(PAUSE_NS);
        }
    },
    /** Frames are sent to it, and it takes none. */
    DEAF("", 6) {
        @Override
        void step(RingGuest guest, boolean real, Random random) {
            LockSupport.parkNanos(PAUSE_NS);
        }
    };

    private static final long BUFFER = RingGuest.FIRST_BUFFER;
    private static final int LAST = RingGuest.SIZE - 1;
    private static final int KICKS_PER_STEP = 10_000;
    /** Where two million frames pass in a second, this is the plane's limit of 1,000 messages a second. */
    private static final int FRAMES_PER_MESSAGE = 2_000;
    private static final long FLIP_NS = 500_000;
    private static final long PAUSE_NS = 100_000;

    /** The fault that the plane tells of, as a pattern; empty when this breaks no rule. */
    final String fault;
    /** Honest frames that pass between two steps. */
    final int framesPerStep;

    /** @param messages that a step sends; those who send none have as many steps as the others */
    Attack(String fault, int messages) {
        this.fault = fault;
        framesPerStep = messages * FRAMES_PER_MESSAGE;
    }

    /** @param real whether the guest is connected */
    abstract void step(RingGuest guest, boolean real, Random random);

    /** Makes the whole ring available to a plane that gave up on what was there before, and lets it look. */
    private static void send(RingGuest guest, boolean real) {
        if (real) {
            guest.rewind();
            guest.startRing(RingGuest.TRANSMIT);
        }
        guest.kick(RingGuest.TRANSMIT);
    }
}

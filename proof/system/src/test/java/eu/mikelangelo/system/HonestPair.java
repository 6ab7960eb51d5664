package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Frames from one guest to another, both in one thread; there is a buffer for each frame under way. */
final class HonestPair {
    private static final int UNDER_WAY = 192;
    private static final int LENGTH = 1_000;
    /** With a third: every so many frames, one is for it. */
    private static final int SHARE = 16;
    private final RingGuest from;
    private final RingGuest to;
    private long sent;
    private volatile long taken;

    HonestPair(RingGuest from, RingGuest to) {
        this.from = from;
        this.to = to;
    }

    /** Frames that have arrived; any thread. */
    long arrived() {
        return taken;
    }

    /** @param third address that gets a frame now and then, 0: none does */
    void exchange(int frames, long third) {
        long last = sent + frames;
        long patience = System.nanoTime() + 60_000_000_000L;
        while (taken < last) {
            assertTrue(System.nanoTime() < patience, "lost: frame " + taken + " of " + last);
            turn(third, last);
        }
    }

    private void turn(long third, long last) {
        int room = from.room() - (third == 0 ? 0 : UNDER_WAY / SHARE + 1);
        int now = (int) Math.min(room, Math.min(last - sent, UNDER_WAY - (sent - taken)));
        for (int i = 0; i < now; i++) {
            from.put(to.mac, sent++, LENGTH);
            if (third != 0 && sent % SHARE == 0) {
                from.put(third, 0, LENGTH);
            }
        }
        if (now > 0) {
            from.flush();
        }
        take();
    }

    private void take() {
        boolean any = false;
        while (to.take()) {
            assertEquals(taken, to.sequence(), "a frame is missing or in the wrong place");
            taken = taken + 1;
            any = true;
        }
        if (any) {
            to.offer();
        }
    }
}

package eu.mikelangelo.shard;

import eu.mikelangelo.shard.loop.SpscRing;
import java.util.ArrayDeque;

/**
 * The way from one shard to another. What a turn sends is published at its end, or when a batch is full. What the ring
 * does not take is refused and counted, and may be held back here until there is room.
 */
final class Mailbox {
    /** What goes from one shard to another. */
    interface Mail {
        /** Runs on the loop of the shard that it was sent to; must not take long or throw. */
        void arrive(Shard here);
    }

    static final int BATCH = 16;
    private final SpscRing<Mail> ring;
    private final Shard to;
    private final ArrayDeque<Mail> held = new ArrayDeque<>();
    private int unpublished;

    Mailbox(Shard to, int capacity) {
        this.to = to;
        ring = new SpscRing<>(capacity);
    }

    /** Sender only. @return false when there is no room */
    boolean send(Mail mail) {
        if (!ring.put(mail)) {
            flush();
            return false;
        }
        if (++unpublished >= BATCH) {
            flush();
        }
        return true;
    }

    /** Sender only: keeps what there was no room for. */
    void hold(Mail mail) {
        held.add(mail);
    }

    int held() {
        return held.size();
    }

    /** Sender only: sends what was held back while there is room. @return how many */
    int sendHeld() {
        int sent = 0;
        while (!held.isEmpty() && send(held.peek())) {
            held.poll();
            sent++;
        }
        return sent;
    }

    /** Sender only: publishes, and wakes a receiver that sleeps. */
    void flush() {
        if (unpublished > 0) {
            unpublished = 0;
            ring.publish();
            to.wakeIfAsleep();
        }
    }

    /** Receiver only. @return how many arrived, at most {@code most} */
    int drain(int most) {
        int count = Math.min(ring.available(), most);
        for (int i = 0; i < count; i++) {
            ring.take().arrive(to);
        }
        if (count > 0) {
            ring.release();
        }
        return count;
    }

    /** When both loops have ended: what was sent and has not arrived, put or held back, in its order; null for none. */
    Mail leftOver() {
        ring.publish();
        if (ring.available() == 0) {
            return held.poll();
        }
        return ring.take();
    }

    boolean hasNews() {
        return ring.hasNews();
    }
}

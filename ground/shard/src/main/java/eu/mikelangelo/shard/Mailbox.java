package eu.mikelangelo.shard;

import eu.mikelangelo.shard.loop.SleepFlag;
import eu.mikelangelo.shard.loop.SpscRing;
import java.util.ArrayDeque;

/**
 * The way from one shard to another. A receiver that sleeps is woken at the end of the turn that sent, or when a batch
 * was sent. What the ring does not take is refused and counted, and may be held back here until there is room.
 *
 * <p>Threading: the sender's; the receiver has an {@link Inbox} of its own and touches nothing here.
 */
final class Mailbox {
    /** What is to be done with what goes from one shard to another: one object for each kind of mail, for ever. */
    interface Mail {
        /** On the loop of the shard that it was sent to; must not take long or throw. @param a what was sent */
        void arrive(Shard here, int from, Object a, Object b, Object c);
    }

    /** The receiver's end. */
    static final class Inbox implements SpscRing.Taker<Mail> {
        private final SpscRing<Mail> ring;
        private final Shard here;
        private final int from;

        Inbox(Mailbox of, Shard here, int from) {
            ring = of.ring;
            this.here = here;
            this.from = from;
        }

        /** @return how much arrived */
        int drain(int most) {
            return ring.drain(most, this);
        }

        @Override
        public void take(Mail mail, Object a, Object b, Object c) {
            mail.arrive(here, from, a, b, c);
        }

        boolean hasNews() {
            return ring.hasNews();
        }
    }

    static final int BATCH = 16;
    /** In place of null, which a deque does not hold. */
    private static final Object NOTHING = new Object();
    private static final int WIDTH = 4;
    private final SpscRing<Mail> ring;
    /** The receiver itself is not looked at: what it writes in each turn would come along. */
    private final SleepFlag sleeping;
    private final Shard to;
    private final ArrayDeque<Object> held = new ArrayDeque<>();
    private int untold;

    Mailbox(Shard to, int capacity) {
        this.to = to;
        sleeping = to.sleepFlag();
        ring = new SpscRing<>(capacity);
    }

    /** @return false when there is no room */
    boolean send(Mail mail, Object a, Object b, Object c) {
        if (!ring.put(mail, a, b, c)) {
            flush();
            return false;
        }
        if (++untold >= BATCH) {
            flush();
        }
        return true;
    }

    /** Keeps what there was no room for. */
    void hold(Mail mail, Object a, Object b, Object c) {
        held.add(mail);
        held.add(a == null ? NOTHING : a);
        held.add(b == null ? NOTHING : b);
        held.add(c == null ? NOTHING : c);
    }

    int held() {
        return held.size() / WIDTH;
    }

    /** Sends what was held back while there is room. @return how many */
    int sendHeld() {
        int sent = 0;
        for (boolean room = true; room && !held.isEmpty(); sent += room ? 1 : 0) {
            Mail mail = (Mail) held.poll();
            Object a = unheld();
            Object b = unheld();
            Object c = unheld();
            room = send(mail, a, b, c);
            if (!room) {
                held.addFirst(c == null ? NOTHING : c);
                held.addFirst(b == null ? NOTHING : b);
                held.addFirst(a == null ? NOTHING : a);
                held.addFirst(mail);
            }
        }
        return sent;
    }

    private Object unheld() {
        Object part = held.poll();
        return part == NOTHING ? null : part;
    }

    /** Wakes a receiver that sleeps and may not have seen what was sent. */
    void flush() {
        if (untold > 0) {
            untold = 0;
            if (sleeping.claim()) {
                to.wake();
            }
        }
    }

    /** When both loops have ended: what was sent and has not arrived, put or held back, in its order. */
    void leftOver(SpscRing.Taker<Mail> taker) {
        ring.drain(Integer.MAX_VALUE, taker);
        while (!held.isEmpty()) {
            Mail mail = (Mail) held.poll();
            taker.take(mail, unheld(), unheld(), unheld());
        }
    }
}

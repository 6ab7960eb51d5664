package eu.mikelangelo.shard.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A bounded queue from one thread to one other. An entry is an element with up to three parts, side by side: who takes
 * it has it all with one cache line, and what only passes by need not be read.
 *
 * <p>Order: the element's place says whose the entry is. The producer stores the parts and then, with release, the
 * element; the consumer loads the element with acquire, takes the parts, and stores null with release, which the
 * producer loads with acquire before it uses the place again. No index is shared: each side keeps its own, at a
 * distance of two cache lines, for processors fetch lines in pairs.
 */
public final class SpscRing<E> {
    private static final VarHandle PLACE = MethodHandles.arrayElementVarHandle(Object[].class);
    /** Log of the references of an entry. */
    private static final int WIDTH = 2;
    /** References before and after the entries: others' objects share no line with them. */
    private static final int PAD = 32;
    private static final int TAIL = 16;
    private static final int LIMIT = 17;
    private static final int HEAD = 48;

    private final Object[] places;
    private final int mask;
    /** How far the producer looks ahead at a time. */
    private final int ahead;
    private final long[] own = new long[64];

    /** Who takes entries. */
    @FunctionalInterface
    public interface Taker<E> {
        /** @param a the parts as they were put */
        void take(E element, Object a, Object b, Object c);
    }

    /** @param capacity entries; a power of two */
    public SpscRing(int capacity) {
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("capacity must be a power of two: " + capacity);
        }
        places = new Object[(capacity << WIDTH) + 2 * PAD];
        mask = capacity - 1;
        ahead = capacity / 4;
    }

    /** Puts an entry, which the consumer sees from now on. Producer only. @return false when the ring is full */
    public boolean put(E element, Object a, Object b, Object c) {
        long tail = own[TAIL];
        if (tail >= own[LIMIT] && !hasRoom(tail)) {
            return false;
        }
        int at = at(tail);
        places[at + 1] = a;
        places[at + 2] = b;
        places[at + 3] = c;
        PLACE.setRelease(places, at, element);
        own[TAIL] = tail + 1;
        return true;
    }

    /** The consumer empties the places in their order: where one far ahead is free, those before it are. */
    private boolean hasRoom(long tail) {
        if (PLACE.getAcquire(places, at(tail + ahead)) == null) {
            own[LIMIT] = tail + ahead;
            return true;
        }
        return PLACE.getAcquire(places, at(tail)) == null;
    }

    /** Takes what there is, in its order; what a taker throws loses nothing but its entry. Consumer only.
     *
     * @return how many, at most {@code most}
     */
    @SuppressWarnings("unchecked")
    public int drain(int most, Taker<? super E> taker) {
        for (int count = 0; count < most; count++) {
            int at = at(own[HEAD]);
            Object element = PLACE.getAcquire(places, at);
            if (element == null) {
                return count;
            }
            Object a = places[at + 1];
            Object b = places[at + 2];
            Object c = places[at + 3];
            places[at + 1] = null;
            places[at + 2] = null;
            places[at + 3] = null;
            PLACE.setRelease(places, at, null);
            own[HEAD]++;
            taker.take((E) element, a, b, c);
        }
        return most;
    }

    /** Whether there is something to take. Consumer only. */
    public boolean hasNews() {
        return PLACE.getAcquire(places, at(own[HEAD])) != null;
    }

    private int at(long index) {
        return PAD + (((int) index & mask) << WIDTH);
    }
}

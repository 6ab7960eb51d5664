package eu.mikelangelo.shard.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A bounded queue from one thread to one other. The producer puts any number of elements and publishes them together;
 * the consumer takes what is published and releases the slots together.
 *
 * <p>Order: {@link #publish} stores the tail with release and {@link #available} loads it with acquire, so an element
 * and what it refers to are visible when it can be taken; {@link #release} and the producer's look at the head do the
 * same for the slots. The two indices keep a distance of two cache lines, for processors fetch lines in pairs.
 */
public final class SpscRing<E> {
    private static final VarHandle INDEX = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int TAIL = 16;
    private static final int HEAD = 48;

    private final Object[] slots;
    private final int mask;
    /** The published indices. */
    private final long[] shared = new long[64];
    // The producer's.
    private long tail;
    private long headSeen;
    // The consumer's.
    private long head;
    private long tailSeen;

    /** @param capacity a power of two */
    public SpscRing(int capacity) {
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("capacity must be a power of two: " + capacity);
        }
        slots = new Object[capacity];
        mask = capacity - 1;
    }

    /** Puts an element, not yet visible to the consumer. Producer only. @return false when the ring is full */
    public boolean put(E element) {
        if (tail - headSeen > mask) {
            headSeen = (long) INDEX.getAcquire(shared, HEAD);
            if (tail - headSeen > mask) {
                return false;
            }
        }
        slots[(int) tail++ & mask] = element;
        return true;
    }

    /** Makes what was put visible. Producer only. @return how many elements became visible */
    public int publish() {
        int fresh = (int) (tail - (long) INDEX.getOpaque(shared, TAIL));
        if (fresh > 0) {
            INDEX.setRelease(shared, TAIL, tail);
        }
        return fresh;
    }

    /** How many elements can be taken. Consumer only. */
    public int available() {
        if (tailSeen == head) {
            tailSeen = (long) INDEX.getAcquire(shared, TAIL);
        }
        return (int) (tailSeen - head);
    }

    /** Takes the next element; {@link #available} must have said that there is one. Consumer only. */
    @SuppressWarnings("unchecked")
    public E take() {
        assert head < tailSeen : "nothing to take";
        int slot = (int) head++ & mask;
        E element = (E) slots[slot];
        slots[slot] = null;
        return element;
    }

    /** Gives the slots of what was taken back to the producer. Consumer only. */
    public void release() {
        INDEX.setRelease(shared, HEAD, head);
    }

    /** Whether something is published that was not released. Any thread; only a hint but for a fenced consumer. */
    public boolean hasNews() {
        return (long) INDEX.getAcquire(shared, TAIL) != (long) INDEX.getAcquire(shared, HEAD);
    }
}

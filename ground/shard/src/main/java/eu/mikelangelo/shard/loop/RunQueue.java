package eu.mikelangelo.shard.loop;

/**
 * A first-in first-out queue of one thread that grows when it must and never shrinks. It knows since when each waits.
 */
public final class RunQueue {
    private Runnable[] ring = new Runnable[64];
    private long[] since = new long[64];
    private int head;
    private int size;

    public void push(Runnable task, long nowNs) {
        if (size == ring.length) {
            grow();
        }
        int at = head + size++ & ring.length - 1;
        ring[at] = task;
        since[at] = nowNs;
    }

    /** When the next task was pushed; only when there is one. */
    public long sinceNs() {
        return since[head];
    }

    /** @return the next task, null when there is none */
    public Runnable poll() {
        if (size == 0) {
            return null;
        }
        Runnable task = ring[head];
        ring[head] = null;
        head = head + 1 & ring.length - 1;
        size--;
        return task;
    }

    public int size() {
        return size;
    }

    private void grow() {
        Runnable[] bigger = new Runnable[ring.length * 2];
        long[] longer = new long[ring.length * 2];
        for (int i = 0; i < size; i++) {
            bigger[i] = ring[head + i & ring.length - 1];
            longer[i] = since[head + i & ring.length - 1];
        }
        ring = bigger;
        since = longer;
        head = 0;
    }
}

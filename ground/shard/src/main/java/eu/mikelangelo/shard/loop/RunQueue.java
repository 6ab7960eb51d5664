package eu.mikelangelo.shard.loop;

/** A first-in first-out queue of one thread that grows when it must and never shrinks. */
public final class RunQueue {
    private Runnable[] ring = new Runnable[64];
    private int head;
    private int size;

    public void push(Runnable task) {
        if (size == ring.length) {
            grow();
        }
        ring[head + size++ & ring.length - 1] = task;
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
        for (int i = 0; i < size; i++) {
            bigger[i] = ring[head + i & ring.length - 1];
        }
        ring = bigger;
        head = 0;
    }
}

package eu.mikelangelo.shard.loop;

import java.util.Arrays;

/** A table of who watches which descriptor; a token names an entry and tells a later user of the same place apart. */
public final class Watchers<W> {
    private Object[] entries = new Object[64];
    private int[] generations = new int[64];
    private int[] free = new int[64];
    private int freeCount;
    private int top;
    private int count;

    public int count() {
        return count;
    }

    /** @return the token of the entry */
    public long add(W watcher) {
        int at = freeCount > 0 ? free[--freeCount] : top++;
        if (at == entries.length) {
            entries = Arrays.copyOf(entries, at * 2);
            generations = Arrays.copyOf(generations, at * 2);
            free = Arrays.copyOf(free, at * 2);
        }
        entries[at] = watcher;
        count++;
        return (long) generations[at] << 32 | at;
    }

    /** Entries there are, free ones among them. */
    int places() {
        return top;
    }

    /** Who is in an entry; null for nobody. */
    @SuppressWarnings("unchecked")
    W at(int place) {
        return (W) entries[place];
    }

    /** @return who it is; null when the entry is somebody else's by now */
    @SuppressWarnings("unchecked")
    public W get(long token) {
        int at = (int) token;
        return at < top && generations[at] == (int) (token >>> 32) ? (W) entries[at] : null;
    }

    public void remove(long token) {
        if (get(token) != null) {
            int at = (int) token;
            entries[at] = null;
            generations[at] = generations[at] + 1 & Integer.MAX_VALUE;
            free[freeCount++] = at;
            count--;
        }
    }
}

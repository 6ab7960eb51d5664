package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.Text;
import eu.mikelangelo.examples.cache.slab.Chunks;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.SegmentAllocator;

/**
 * The items of one store: a table from hash to item, and per size class a list by age. An item that was read gets a
 * second chance when its turn to be evicted comes, so reading costs no change of the list. One owner.
 *
 * <p>Times are seconds since a little before the store was made, never 0.
 */
final class Items implements Chunks.Evictor {
    /** Read items passed over by one eviction, at most. */
    private static final int SECOND_CHANCES = 64;
    /** Evictions of a class between looks at whether another should give it a page. */
    private static final int BALANCE_EVERY = 1_000;

    final Region memory;
    final Chunks chunks;
    final Stats stats;
    private final Region heads;
    private final int bucketMask;
    private final int[] newest;
    private final int[] oldest;
    private final int[] count;
    private final long[] evictions;

    /** The current second. */
    int now = 2;
    /** The last number given to a stored item. */
    long cas;
    /** Items with this number or a lower one have been flushed. */
    long flushedCas;
    /** Second at which all present items are flushed, or 0. */
    int flushAt;
    /** An item that must not be evicted now. */
    private int held;
    private int items;
    private long bytes;
    private long sweptBucket;

    Items(SegmentAllocator from, Chunks chunks, Stats stats) {
        this.chunks = chunks;
        this.memory = chunks.memory();
        this.stats = stats;
        // One bucket for 128 bytes of memory: chains stay about one item long.
        int buckets = Integer.highestOneBit((int) Math.clamp(memory.size() / 64, 2048, 1L << 29)) / 2;
        this.heads = new Region(from.allocate(buckets * 4L, 64));
        this.bucketMask = buckets - 1;
        this.newest = new int[chunks.classes()];
        this.oldest = new int[chunks.classes()];
        this.count = new int[chunks.classes()];
        this.evictions = new long[chunks.classes()];
    }

    static long at(int handle) {
        return (handle & 0xffffffffL) << 3;
    }

    /** Moves the clock, which never goes back. */
    void clock(int seconds) {
        now = Math.max(now, seconds);
        if (flushAt != 0 && now >= flushAt) {
            flushedCas = cas;
            flushAt = 0;
        }
    }

    // ---- finding ----

    private static int tag(long hash) {
        return (int) (hash >>> 16);
    }

    private long bucket(long hash) {
        return (hash & bucketMask) << 2;
    }

    /** The live item of the request's key, or 0. An expired one is removed on the way. */
    int find(Request request) {
        int tag = tag(request.hash);
        int length = request.keyLength;
        int handle = heads.u32(bucket(request.hash));
        while (handle != 0) {
            long at = at(handle);
            if (memory.u32(at + ItemLayout.TAG) == tag && memory.u8(at + ItemLayout.KEY_LENGTH) == length
                    && Text.same(memory, at + ItemLayout.KEY, request.keyRegion, request.keyFrom, length)) {
                return dead(at) ? buried(handle) : handle;
            }
            handle = memory.u32(at + ItemLayout.NEXT);
        }
        return 0;
    }

    boolean dead(long at) {
        return expired(at) || memory.u64(at + ItemLayout.CAS) <= flushedCas;
    }

    private boolean expired(long at) {
        int expiry = memory.u32(at + ItemLayout.EXPIRY);
        return expiry != 0 && expiry <= now;
    }

    private int buried(int handle) {
        long at = at(handle);
        if (expired(at)) {
            stats.getExpired++;
        } else {
            stats.getFlushed++;
        }
        remove(handle);
        return 0;
    }

    /** Notes that the item was read. */
    void touched(long at) {
        int state = memory.u16(at + ItemLayout.STATE);
        int wanted = state | ItemLayout.FETCHED | ItemLayout.REFERENCED;
        if (wanted != state) {
            memory.u16(at + ItemLayout.STATE, wanted);
        }
        if (memory.u32(at + ItemLayout.ACCESS) != now) {
            memory.u32(at + ItemLayout.ACCESS, now);
        }
    }

    /** Notes that somebody wanted to store it again: it stays longer, but has not been read. */
    void wanted(long at) {
        memory.u16(at + ItemLayout.STATE, memory.u16(at + ItemLayout.STATE) | ItemLayout.REFERENCED);
        memory.u32(at + ItemLayout.ACCESS, now);
    }

    // ---- making and removing ----

    /** Memory for an item, evicting others if need be. @return 0 when there is none */
    int allocate(int itemBytes) {
        int sizeClass = chunks.classOf(itemBytes);
        if (sizeClass < 0) {
            return 0;
        }
        int handle = chunks.allocate(sizeClass);
        if (handle == 0) {
            handle = makeRoom(sizeClass);
        }
        if (handle != 0) {
            memory.u8(at(handle) + ItemLayout.SIZE_CLASS, sizeClass);
        }
        return handle;
    }

    /** The item must survive the next {@link #allocate}, which makes its successor; 0 ends that. */
    void hold(int handle) {
        held = handle;
    }

    private int makeRoom(int sizeClass) {
        if (chunks.pages(sizeClass) == 0) {
            int rich = richest(sizeClass);
            if (rich < 0 || !givePage(rich, sizeClass)) {
                return 0;
            }
        } else if (++evictions[sizeClass] % BALANCE_EVERY == 0) {
            balance(sizeClass);
        }
        int handle = chunks.allocate(sizeClass);
        if (handle == 0 && evictOldest(sizeClass)) {
            handle = chunks.allocate(sizeClass);
        }
        return handle;
    }

    private boolean givePage(int from, int to) {
        boolean given = chunks.move(from, to, this);
        if (given) {
            stats.pagesMoved++;
        }
        return given;
    }

    /** The class with most pages that can spare one without giving up what is held. */
    private int richest(int poor) {
        int best = -1;
        int holder = held == 0 ? -1 : memory.u8(at(held) + ItemLayout.SIZE_CLASS);
        for (int i = 0; i < count.length; i++) {
            if (i != poor && i != holder && chunks.pages(i) > 0
                    && (best < 0 || chunks.pages(i) > chunks.pages(best))) {
                best = i;
            }
        }
        return best;
    }

    /** Takes a page from the class whose oldest item is twice as old as ours: there memory does less good. */
    private void balance(int poor) {
        int best = -1;
        long bestAge = 2L * age(poor) + 1;
        int holder = held == 0 ? -1 : memory.u8(at(held) + ItemLayout.SIZE_CLASS);
        for (int i = 0; i < count.length; i++) {
            if (i != poor && i != holder && chunks.pages(i) > 1 && age(i) > bestAge) {
                best = i;
                bestAge = age(i);
            }
        }
        if (best >= 0) {
            givePage(best, poor);
        }
    }

    private int age(int sizeClass) {
        int last = oldest[sizeClass];
        return last == 0 ? Integer.MAX_VALUE / 2 : now - memory.u32(at(last) + ItemLayout.ACCESS);
    }

    private boolean evictOldest(int sizeClass) {
        for (int chances = 0; oldest[sizeClass] != 0; chances++) {
            int handle = oldest[sizeClass];
            long at = at(handle);
            int state = memory.u16(at + ItemLayout.STATE);
            boolean spared = (state & ItemLayout.REFERENCED) != 0 && chances < SECOND_CHANCES && !dead(at);
            if (spared || handle == held) {
                if (handle == held && newest[sizeClass] == handle) {
                    return false;
                }
                memory.u16(at + ItemLayout.STATE, state & ~ItemLayout.REFERENCED);
                leaveList(handle, sizeClass);
                enterList(handle, sizeClass);
                continue;
            }
            evict(handle);
            return true;
        }
        return false;
    }

    @Override
    public void evict(int handle) {
        long at = at(handle);
        int state = memory.u16(at + ItemLayout.STATE);
        if ((state & ItemLayout.LINKED) == 0) {
            return;
        }
        boolean fetched = (state & ItemLayout.FETCHED) != 0;
        if (dead(at)) {
            stats.reclaimed++;
            stats.expiredUnfetched += fetched ? 0 : 1;
        } else {
            stats.evictions++;
            stats.evictedUnfetched += fetched ? 0 : 1;
        }
        remove(handle);
    }

    /** Puts a filled item into table and list, under a new number. */
    void link(int handle, long hash) {
        long at = at(handle);
        long bucket = bucket(hash);
        memory.u32(at + ItemLayout.TAG, tag(hash));
        memory.u32(at + ItemLayout.BUCKET_HASH, (int) hash);
        memory.u32(at + ItemLayout.NEXT, heads.u32(bucket));
        memory.u64(at + ItemLayout.CAS, ++cas);
        memory.u32(at + ItemLayout.ACCESS, now);
        memory.u16(at + ItemLayout.STATE, memory.u16(at + ItemLayout.STATE) | ItemLayout.LINKED);
        heads.u32(bucket, handle);
        int sizeClass = memory.u8(at + ItemLayout.SIZE_CLASS);
        enterList(handle, sizeClass);
        count[sizeClass]++;
        items++;
        bytes += bytesOf(at);
        stats.totalItems++;
    }

    /** The value of a linked item was replaced where it lies: it counts as stored anew. */
    void renewed(int handle, int oldBytes) {
        long at = at(handle);
        int sizeClass = memory.u8(at + ItemLayout.SIZE_CLASS);
        memory.u64(at + ItemLayout.CAS, ++cas);
        memory.u32(at + ItemLayout.ACCESS, now);
        if (newest[sizeClass] != handle) {
            leaveList(handle, sizeClass);
            enterList(handle, sizeClass);
        }
        bytes += bytesOf(at) - oldBytes;
        stats.totalItems++;
    }

    int bytesOf(long at) {
        return ItemLayout.bytes(memory.u8(at + ItemLayout.KEY_LENGTH), memory.u32(at + ItemLayout.VALUE_LENGTH));
    }

    /** Takes an item out of table and list and frees its memory. */
    void remove(int handle) {
        long at = at(handle);
        int next = memory.u32(at + ItemLayout.NEXT);
        long bucket = (memory.u32(at + ItemLayout.BUCKET_HASH) & (long) bucketMask) << 2;
        int other = heads.u32(bucket);
        if (other == handle) {
            heads.u32(bucket, next);
        } else {
            while (memory.u32(at(other) + ItemLayout.NEXT) != handle) {
                other = memory.u32(at(other) + ItemLayout.NEXT);
            }
            memory.u32(at(other) + ItemLayout.NEXT, next);
        }
        int sizeClass = memory.u8(at + ItemLayout.SIZE_CLASS);
        leaveList(handle, sizeClass);
        count[sizeClass]--;
        items--;
        bytes -= bytesOf(at);
        chunks.free(sizeClass, handle);
    }

    private void enterList(int handle, int sizeClass) {
        long at = at(handle);
        int first = newest[sizeClass];
        memory.u32(at + ItemLayout.NEWER, 0);
        memory.u32(at + ItemLayout.OLDER, first);
        if (first == 0) {
            oldest[sizeClass] = handle;
        } else {
            memory.u32(at(first) + ItemLayout.NEWER, handle);
        }
        newest[sizeClass] = handle;
    }

    private void leaveList(int handle, int sizeClass) {
        long at = at(handle);
        int newer = memory.u32(at + ItemLayout.NEWER);
        int older = memory.u32(at + ItemLayout.OLDER);
        if (newer == 0) {
            newest[sizeClass] = older;
        } else {
            memory.u32(at(newer) + ItemLayout.OLDER, older);
        }
        if (older == 0) {
            oldest[sizeClass] = newer;
        } else {
            memory.u32(at(older) + ItemLayout.NEWER, newer);
        }
    }

    /** Removes what has expired from the next {@code buckets} buckets. @return items removed */
    int sweep(int buckets) {
        int removed = 0;
        for (int i = 0; i < buckets; i++) {
            int handle = heads.u32(sweptBucket << 2);
            while (handle != 0) {
                int next = memory.u32(at(handle) + ItemLayout.NEXT);
                if (dead(at(handle))) {
                    evict(handle);
                    removed++;
                }
                handle = next;
            }
            sweptBucket = sweptBucket + 1 & bucketMask;
        }
        return removed;
    }

    // ---- figures ----

    /** First item of a bucket, or 0. */
    int head(int bucket) {
        return heads.u32((long) bucket << 2);
    }

    /** Item of this class that was stored last, or 0. */
    int newest(int sizeClass) {
        return newest[sizeClass];
    }

    /** Item of this class whose turn to go is next, or 0. */
    int oldest(int sizeClass) {
        return oldest[sizeClass];
    }

    int buckets() {
        return bucketMask + 1;
    }

    int items() {
        return items;
    }

    long bytes() {
        return bytes;
    }

    int items(int sizeClass) {
        return count[sizeClass];
    }

    long evictions(int sizeClass) {
        return evictions[sizeClass];
    }

    /** Seconds since the oldest item of the class was read or stored, 0 when it has none. */
    int oldestAge(int sizeClass) {
        return count[sizeClass] == 0 ? 0 : age(sizeClass);
    }
}

package eu.mikelangelo.examples.cache;

/** Counters of one store, or their sum over several. Written by the owner only. */
public final class Stats {
    long getCommands;
    long setCommands;
    long flushCommands;
    long touchCommands;
    long metaCommands;
    long getHits;
    long getMisses;
    long getExpired;
    long getFlushed;
    long deleteHits;
    long deleteMisses;
    long incrementHits;
    long incrementMisses;
    long decrementHits;
    long decrementMisses;
    long casHits;
    long casMisses;
    long casBadValue;
    long touchHits;
    long touchMisses;
    long tooLarge;
    long noMemory;
    long answersWithoutMemory;
    long evictions;
    long evictedUnfetched;
    long reclaimed;
    long expiredUnfetched;
    long pagesMoved;
    long totalItems;

    /** Sets what {@code stats reset} sets to zero. */
    void reset() {
        addTimes(this, -1);
    }

    /** Adds {@code other} to this. */
    public void add(Stats other) {
        addTimes(other, 1);
    }

    private void addTimes(Stats other, int times) {
        getCommands += times * other.getCommands;
        setCommands += times * other.setCommands;
        flushCommands += times * other.flushCommands;
        touchCommands += times * other.touchCommands;
        metaCommands += times * other.metaCommands;
        getHits += times * other.getHits;
        getMisses += times * other.getMisses;
        getExpired += times * other.getExpired;
        getFlushed += times * other.getFlushed;
        deleteHits += times * other.deleteHits;
        deleteMisses += times * other.deleteMisses;
        incrementHits += times * other.incrementHits;
        incrementMisses += times * other.incrementMisses;
        decrementHits += times * other.decrementHits;
        decrementMisses += times * other.decrementMisses;
        casHits += times * other.casHits;
        casMisses += times * other.casMisses;
        casBadValue += times * other.casBadValue;
        touchHits += times * other.touchHits;
        touchMisses += times * other.touchMisses;
        tooLarge += times * other.tooLarge;
        noMemory += times * other.noMemory;
        answersWithoutMemory += times * other.answersWithoutMemory;
        evictions += times * other.evictions;
        evictedUnfetched += times * other.evictedUnfetched;
        reclaimed += times * other.reclaimed;
        expiredUnfetched += times * other.expiredUnfetched;
        pagesMoved += times * other.pagesMoved;
        totalItems += times * other.totalItems;
    }

    /** Lookups of get, gets, gat and mg that found their item. */
    public long getHits() {
        return getHits;
    }

    /** Lookups of get, gets, gat and mg that did not. */
    public long getMisses() {
        return getMisses;
    }

    /** Stores asked for. */
    public long setCommands() {
        return setCommands;
    }

    /** Items that had to go for others. */
    public long evictions() {
        return evictions;
    }
}

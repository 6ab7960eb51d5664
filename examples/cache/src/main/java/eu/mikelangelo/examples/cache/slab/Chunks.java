package eu.mikelangelo.examples.cache.slab;

import eu.mikelangelo.memory.Region;

/**
 * Memory for items, in chunks of a few sizes. A chunk is named by a handle, its offset divided by eight, so that links
 * between items take four bytes; 0 is none. One owner.
 */
public interface Chunks {
    /** Offset of two bytes that are 0 in a free chunk; whoever fills it makes them something else. */
    int STATE = 40;

    /** All chunks lie in it. */
    Region memory();

    /** Sizes there are; classes are numbered from 0, small to large. */
    int classes();

    /** The smallest class that holds {@code bytes}, or -1 when none does. */
    int classOf(int bytes);

    /** Bytes of one chunk of this class. */
    int chunkBytes(int sizeClass);

    /** @return the handle of a chunk with undefined content, or 0 when this class has none and there is no page left */
    int allocate(int sizeClass);

    void free(int sizeClass, int handle);

    /** Pages that belong to this class. */
    int pages(int sizeClass);

    /** Pages that belong to none. */
    int freePages();

    /** Chunks of this class that hold nothing. */
    int freeChunks(int sizeClass);

    /**
     * Gives a page of {@code from} to {@code to}; what lies in it is evicted first.
     *
     * @return false when {@code from} has none
     */
    boolean move(int from, int to, Evictor evictor);

    /** Who knows what a chunk holds. */
    interface Evictor {
        /** Removes the item in this chunk and frees the chunk; nothing happens when it is free already. */
        void evict(int handle);
    }
}

package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.slab.SlabChunks;

/**
 * What a store is made of, fixed at its start.
 *
 * @param memoryBytes for items with their headers; whole MiB are used, up to 32 GiB; below about
 *     64 MiB, with fewer pages than size classes, a mix of many sizes makes pages change class all the time
 * @param itemLimit largest key and value together, in bytes
 */
public record StoreOptions(long memoryBytes, int itemLimit) {
    /** Largest key and value that fit: with header and line end an item takes up to 1 MiB less 8 bytes. */
    public static final int MAX_ITEM = SlabChunks.PAGE - 8 - ItemLayout.KEY - ItemLayout.LINE_END;

    public StoreOptions {
        if (memoryBytes < SlabChunks.PAGE || memoryBytes > 32L << 30) {
            throw new IllegalArgumentException("memory for items must be 1 MiB to 32 GiB, not " + memoryBytes);
        }
        if (itemLimit < 1 || itemLimit > MAX_ITEM) {
            throw new IllegalArgumentException("items are limited to 1 to " + MAX_ITEM + ", not " + itemLimit);
        }
    }

    /** That much memory and the largest items. */
    public static StoreOptions ofMemory(long memoryBytes) {
        return new StoreOptions(memoryBytes, MAX_ITEM);
    }
}

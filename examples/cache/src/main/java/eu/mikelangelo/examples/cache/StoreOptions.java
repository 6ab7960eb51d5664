package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.slab.SlabChunks;

/**
 * What a store is made of, fixed at its start.
 *
 * @param memoryBytes for items with their headers; whole MiB are used, up to 32 GiB; below about
 *     64 MiB, with fewer pages than size classes, a mix of many sizes makes pages change class all the time
 * @param valueLimit largest value in bytes; with header and key an item has at most 1 MiB less 8 bytes
 */
public record StoreOptions(long memoryBytes, int valueLimit) {
    /** Header, longest key and line end of an item. */
    public static final int OVERHEAD = ItemLayout.KEY + Request.MAX_KEY + ItemLayout.LINE_END;
    /** Largest value that fits with any key. */
    public static final int MAX_VALUE = SlabChunks.PAGE - 8 - OVERHEAD;

    public StoreOptions {
        if (memoryBytes < SlabChunks.PAGE || memoryBytes > 32L << 30) {
            throw new IllegalArgumentException("memory for items must be 1 MiB to 32 GiB, not " + memoryBytes);
        }
        if (valueLimit < 0 || valueLimit > MAX_VALUE) {
            throw new IllegalArgumentException("values are limited to 0 to " + MAX_VALUE + ", not " + valueLimit);
        }
    }

    /** That much memory and the largest values. */
    public static StoreOptions ofMemory(long memoryBytes) {
        return new StoreOptions(memoryBytes, MAX_VALUE);
    }
}

package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.bytes.KeyHash;
import eu.mikelangelo.examples.cache.slab.SlabChunks;
import java.util.HashSet;
import java.util.Set;

/** What must hold between operations: table, lists, chunks and counts tell the same story. */
final class Invariants {
    private Invariants() {}

    static void check(Store store) {
        Items items = store.items;
        Set<Integer> inTable = new HashSet<>();
        for (int bucket = 0; bucket < items.buckets(); bucket++) {
            for (int handle = items.head(bucket); handle != 0;
                    handle = items.memory.u32(Items.at(handle) + ItemLayout.NEXT)) {
                long at = Items.at(handle);
                that(inTable.add(handle), "an item stands twice in the table");
                that((items.memory.u16(at + ItemLayout.STATE) & ItemLayout.LINKED) != 0, "a free chunk in the table");
                long hash = KeyHash.of(items.memory, at + ItemLayout.KEY, items.memory.u8(at + ItemLayout.KEY_LENGTH),
                        Client.SEED);
                that((hash & items.buckets() - 1) == bucket, "an item in a bucket not its own");
            }
        }
        that(inTable.size() == items.items(), "the table has " + inTable.size() + " of " + items.items());
        long bytes = 0;
        int inLists = 0;
        int pages = items.chunks.freePages();
        for (int sizeClass = 0; sizeClass < items.chunks.classes(); sizeClass++) {
            int before = 0;
            int count = 0;
            for (int handle = items.newest(sizeClass); handle != 0;
                    handle = items.memory.u32(Items.at(handle) + ItemLayout.OLDER)) {
                long at = Items.at(handle);
                that(inTable.contains(handle), "an item in a list and not in the table");
                that(items.memory.u8(at + ItemLayout.SIZE_CLASS) == sizeClass, "an item in another class's list");
                that(items.memory.u32(at + ItemLayout.NEWER) == before, "a list whose directions differ");
                that(items.bytesOf(at) <= items.chunks.chunkBytes(sizeClass), "an item larger than its chunk");
                bytes += items.bytesOf(at);
                before = handle;
                count++;
            }
            that(items.oldest(sizeClass) == before, "a list that does not end at its oldest");
            that(count == items.items(sizeClass), "a class that counts wrongly");
            int chunks = items.chunks.pages(sizeClass) * ((SlabChunks.PAGE - 8) / items.chunks.chunkBytes(sizeClass));
            that(chunks == count + items.chunks.freeChunks(sizeClass), "class " + sizeClass + " has " + chunks
                    + " chunks, " + count + " used and " + items.chunks.freeChunks(sizeClass) + " free");
            inLists += count;
            pages += items.chunks.pages(sizeClass);
        }
        that(inLists == inTable.size(), "an item in no list");
        that(bytes == items.bytes(), "bytes counted wrongly");
        that(pages == items.memory.size() / SlabChunks.PAGE, "a page lost");
    }

    private static void that(boolean holds, String complaint) {
        if (!holds) {
            throw new AssertionError(complaint);
        }
    }
}

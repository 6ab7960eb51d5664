package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.slab.Chunks;

/** What several stores hold together, for one answer to stats. Filled by each owner in turn, then written. */
public final class Totals {
    final Stats stats = new Stats();
    int stores;
    long uptime;
    long unixTime;
    long items;
    long bytes;
    long memoryBytes;
    long buckets;
    int itemLimit;
    private long connections;
    private long allConnections;
    private long bytesRead;
    private long bytesWritten;
    int[] chunkBytes = new int[0];
    long[] pages = new long[0];
    long[] freeChunks = new long[0];
    long[] classItems = new long[0];
    long[] classEvictions = new long[0];
    int[] oldestAge = new int[0];

    /** Forgets everything. */
    public void clear() {
        stats.reset();
        stores = 0;
        connections = 0;
        allConnections = 0;
        bytesRead = 0;
        bytesWritten = 0;
        items = 0;
        bytes = 0;
        memoryBytes = 0;
        buckets = 0;
        java.util.Arrays.fill(pages, 0);
        java.util.Arrays.fill(freeChunks, 0);
        java.util.Arrays.fill(classItems, 0);
        java.util.Arrays.fill(classEvictions, 0);
        java.util.Arrays.fill(oldestAge, 0);
    }

    void add(Store store) {
        Items held = store.items;
        Chunks chunks = held.chunks;
        if (chunkBytes.length != chunks.classes()) {
            resize(chunks);
        }
        stats.add(store.stats);
        stores++;
        uptime = store.uptime();
        unixTime = store.unixTime();
        items += held.items();
        bytes += held.bytes();
        memoryBytes += store.options().memoryBytes();
        itemLimit = store.options().itemLimit();
        buckets += held.buckets();
        for (int i = 0; i < chunkBytes.length; i++) {
            pages[i] += chunks.pages(i);
            freeChunks[i] += chunks.freeChunks(i);
            classItems[i] += held.items(i);
            classEvictions[i] += held.evictions(i);
            oldestAge[i] = Math.max(oldestAge[i], held.oldestAge(i));
        }
    }

    /** Adds what only the owner of the sockets knows: clients now, clients ever, and their bytes. */
    public void addConnections(long now, long ever, long read, long written) {
        connections += now;
        allConnections += ever;
        bytesRead += read;
        bytesWritten += written;
    }

    long connections() {
        return connections;
    }

    long allConnections() {
        return allConnections;
    }

    long bytesRead() {
        return bytesRead;
    }

    long bytesWritten() {
        return bytesWritten;
    }

    private void resize(Chunks chunks) {
        int classes = chunks.classes();
        chunkBytes = new int[classes];
        pages = new long[classes];
        freeChunks = new long[classes];
        classItems = new long[classes];
        classEvictions = new long[classes];
        oldestAge = new int[classes];
        for (int i = 0; i < classes; i++) {
            chunkBytes[i] = chunks.chunkBytes(i);
        }
    }
}

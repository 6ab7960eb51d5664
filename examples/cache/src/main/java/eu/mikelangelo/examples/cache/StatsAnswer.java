package eu.mikelangelo.examples.cache;

import eu.mikelangelo.examples.cache.slab.SlabChunks;
import eu.mikelangelo.memory.Region;
import java.nio.charset.StandardCharsets;

/**
 * Answers to stats (protocol.txt, "Statistics"). Names are memcached's wherever the thing exists here; what does not
 * exist is left out rather than invented. Rare, hence written with strings. One owner.
 */
public final class StatsAnswer {
    private static final int ESTIMATE = 4096;

    private final Totals totals = new Totals();
    private StringBuilder text;

    /** What the next answer speaks of. */
    public Totals totals() {
        return totals;
    }

    /**
     * Writes the answer about {@link #totals}.
     *
     * @param kind of {@link Op#STATS}, not {@link Op#RESET}
     * @return {@link Keeper#DONE}, or {@link Keeper#NO_ROOM}: nothing was written
     */
    public int write(int kind, Output output) {
        text = new StringBuilder(ESTIMATE);
        switch (kind) {
            case Op.GENERAL -> general();
            case Op.ITEMS -> items();
            case Op.SLABS -> slabs();
            case Op.SETTINGS -> settings();
            case Op.SIZES -> stat("sizes_status", "disabled");
            default -> { }
        }
        text.append("END\r\n");
        byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
        text = null;
        int room = output.reserve(bytes.length);
        if (room == Output.FULL) {
            return Keeper.NO_ROOM;
        } else if (room == Output.NEVER) {
            output.put(Phrase.NO_MEMORY_STATS);
            return Keeper.DONE;
        }
        Region out = output.region();
        for (int i = 0; i < bytes.length; i++) {
            out.u8(output.to() + i, bytes[i]);
        }
        output.to(output.to() + bytes.length);
        return Keeper.DONE;
    }

    private void stat(String name, long value) {
        text.append("STAT ").append(name).append(' ').append(value).append("\r\n");
    }

    private void stat(String name, String value) {
        text.append("STAT ").append(name).append(' ').append(value).append("\r\n");
    }

    private void general() {
        Stats s = totals.stats;
        stat("pid", ProcessHandle.current().pid());
        stat("uptime", totals.uptime);
        stat("time", totals.unixTime);
        stat("version", Protocol.VERSION);
        stat("pointer_size", 64);
        stat("curr_connections", totals.connections());
        stat("total_connections", totals.allConnections());
        stat("bytes_read", totals.bytesRead());
        stat("bytes_written", totals.bytesWritten());
        stat("cmd_get", s.getCommands);
        stat("cmd_set", s.setCommands);
        stat("cmd_flush", s.flushCommands);
        stat("cmd_touch", s.touchCommands);
        stat("cmd_meta", s.metaCommands);
        stat("get_hits", s.getHits);
        stat("get_misses", s.getMisses);
        stat("get_expired", s.getExpired);
        stat("get_flushed", s.getFlushed);
        stat("delete_misses", s.deleteMisses);
        stat("delete_hits", s.deleteHits);
        stat("incr_misses", s.incrementMisses);
        stat("incr_hits", s.incrementHits);
        stat("decr_misses", s.decrementMisses);
        stat("decr_hits", s.decrementHits);
        stat("cas_misses", s.casMisses);
        stat("cas_hits", s.casHits);
        stat("cas_badval", s.casBadValue);
        stat("touch_hits", s.touchHits);
        stat("touch_misses", s.touchMisses);
        stat("store_too_large", s.tooLarge);
        stat("store_no_memory", s.noMemory);
        stat("response_obj_oom", s.answersWithoutMemory);
        stat("limit_maxbytes", totals.memoryBytes);
        stat("threads", totals.stores);
        stat("hash_power_level", Long.SIZE - 1 - Long.numberOfLeadingZeros(totals.buckets));
        stat("hash_bytes", totals.buckets * 4);
        stat("hash_is_expanding", 0);
        stat("slabs_moved", s.pagesMoved);
        stat("bytes", totals.bytes);
        stat("curr_items", totals.items);
        stat("total_items", s.totalItems);
        stat("evicted_unfetched", s.evictedUnfetched);
        stat("evictions", s.evictions);
        stat("reclaimed", s.reclaimed);
        stat("expired_unfetched", s.expiredUnfetched);
    }

    private void settings() {
        stat("maxbytes", totals.memoryBytes);
        stat("evictions", "on");
        stat("shutdown_command", "no");
        stat("growth_factor", "1.25");
        stat("num_threads", totals.stores);
        stat("detail_enabled", "no");
        stat("cas_enabled", "yes");
        stat("binding_protocol", "ascii");
        stat("auth_enabled_sasl", "no");
        stat("item_size_max", totals.itemLimit);
        stat("slab_reassign", "yes");
        stat("lru_crawler", "no");
        stat("lru_segmented", "no");
        stat("flush_enabled", "yes");
        stat("dump_enabled", "no");
        stat("track_sizes", "no");
    }

    private void items() {
        for (int i = 0; i < totals.classItems.length; i++) {
            if (totals.classItems[i] > 0) {
                String prefix = "items:" + (i + 1) + ":";
                stat(prefix + "number", totals.classItems[i]);
                stat(prefix + "age", totals.oldestAge[i]);
                stat(prefix + "evicted", totals.classEvictions[i]);
            }
        }
    }

    private void slabs() {
        long active = 0;
        long malloced = 0;
        for (int i = 0; i < totals.pages.length; i++) {
            if (totals.pages[i] == 0) {
                continue;
            }
            String prefix = (i + 1) + ":";
            stat(prefix + "chunk_size", totals.chunkBytes[i]);
            stat(prefix + "chunks_per_page", SlabChunks.PAGE / totals.chunkBytes[i]);
            stat(prefix + "total_pages", totals.pages[i]);
            stat(prefix + "total_chunks", totals.classItems[i] + totals.freeChunks[i]);
            stat(prefix + "used_chunks", totals.classItems[i]);
            stat(prefix + "free_chunks", totals.freeChunks[i]);
            active++;
            malloced += totals.pages[i] * SlabChunks.PAGE;
        }
        stat("active_slabs", active);
        stat("total_malloced", malloced);
    }
}

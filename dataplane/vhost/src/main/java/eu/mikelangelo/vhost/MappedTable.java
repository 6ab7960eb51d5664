package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * A memory table that has been checked and mapped; immutable. Tables that follow each other a region apart share the
 * mappings of the others; {@link #closeAllBut} unmaps what the next one has not, after every user has let go.
 */
final class MappedTable {
    static final MappedTable EMPTY = new MappedTable(List.of(), List.of());
    /** Regions that went are remembered, so many. */
    private static final int MOST_GONE = 2 * BackEndConfig.MEM_SLOTS;

    /** The most that one guest may have us map, bytes. */
    static final long MAX_TOTAL = 1L << 42;

    private record Mapped(Request.MemoryRegion announced, Arena arena, GuestMemory.Mapping mapping) {
        /** "Identified by its guest address, user address and size. The mmap offset is ignored." */
        boolean is(Request.MemoryRegion other) {
            return same(announced, other);
        }
    }

    private static boolean same(Request.MemoryRegion one, Request.MemoryRegion other) {
        return one.guestPhysical() == other.guestPhysical() && one.userAddress() == other.userAddress()
                && one.size() == other.size();
    }

    /** @return whether there is such a region */
    boolean has(Request.MemoryRegion wanted) {
        for (Mapped region : regions) {
            if (region.is(wanted)) {
                return true;
            }
        }
        return false;
    }

    /** @return whether there was such a region, which was taken out */
    boolean had(Request.MemoryRegion wanted) {
        for (Request.MemoryRegion region : gone) {
            if (same(region, wanted)) {
                return true;
            }
        }
        return false;
    }

    private final List<Mapped> regions;
    private final GuestMemory memory;
    /** Those that were taken out of it one by one, the last first. */
    private final List<Request.MemoryRegion> gone;

    private MappedTable(List<Mapped> regions, List<Request.MemoryRegion> gone) {
        this.regions = regions;
        this.gone = gone;
        List<GuestMemory.Mapping> mappings = new ArrayList<>(regions.size());
        for (Mapped region : regions) {
            mappings.add(region.mapping);
        }
        memory = new GuestMemory(mappings);
    }

    GuestMemory memory() {
        return memory;
    }

    /**
     * Checks every region before the first is mapped.
     *
     * @param fds one per region, they stay the caller's (a mapping outlives its descriptor)
     * @throws IllegalArgumentException naming what is wrong with the table
     */
    static MappedTable map(List<Request.MemoryRegion> regions, int[] fds, boolean acceptShrinkable, PeerFiles files) {
        return EMPTY.and(regions, fds, acceptShrinkable, files);
    }

    /** This table and one region more. @throws IllegalArgumentException as {@link #map} */
    MappedTable with(Request.MemoryRegion region, int fd, boolean acceptShrinkable, PeerFiles files) {
        return and(List.of(region), new int[] {fd}, acceptShrinkable, files);
    }

    private MappedTable and(List<Request.MemoryRegion> more, int[] fds, boolean acceptShrinkable, PeerFiles files) {
        long total = 0;
        for (Mapped region : regions) {
            total += region.announced.size();
        }
        SharedFile[] checked = new SharedFile[fds.length];
        for (int i = 0; i < fds.length; i++) {
            Request.MemoryRegion region = more.get(i);
            checked[i] = SharedFile.checked("memory region " + (regions.size() + i), fds[i], region.mmapOffset(),
                    region.size(), MAX_TOTAL, acceptShrinkable, files);
            total += region.size();
            if (total > MAX_TOTAL) {
                throw new IllegalArgumentException("memory table of more than " + MAX_TOTAL + " bytes");
            }
        }
        List<Mapped> next = new ArrayList<>(regions);
        try {
            for (int i = 0; i < fds.length; i++) {
                next.add(mapped(more.get(i), checked[i], files));
            }
            return new MappedTable(List.copyOf(next), gone);
        } catch (IllegalArgumentException | LinuxException refused) {
            for (Mapped region : next.subList(regions.size(), next.size())) {
                region.arena.close();
            }
            throw new IllegalArgumentException(refused.getMessage(), refused);
        }
    }

    private static Mapped mapped(Request.MemoryRegion region, SharedFile file, PeerFiles files) {
        Arena arena = Arena.ofShared();
        try {
            return new Mapped(region, arena, new GuestMemory.Mapping(region.guestPhysical(), region.userAddress(),
                    file.map(arena, files)));
        } catch (IllegalArgumentException | LinuxException refused) {
            arena.close();
            throw refused;
        }
    }

    /** This table without one region. @throws IllegalArgumentException when there is no such region */
    MappedTable without(Request.MemoryRegion leaving) {
        for (int i = 0; i < regions.size(); i++) {
            if (regions.get(i).is(leaving)) {
                List<Mapped> next = new ArrayList<>(regions);
                next.remove(i);
                return new MappedTable(List.copyOf(next), alsoGone(leaving));
            }
        }
        throw new IllegalArgumentException("no memory region of " + Long.toUnsignedString(leaving.size())
                + " bytes at guest address 0x" + Long.toHexString(leaving.guestPhysical()) + " and user address 0x"
                + Long.toHexString(leaving.userAddress()) + " to remove");
    }

    private List<Request.MemoryRegion> alsoGone(Request.MemoryRegion leaving) {
        List<Request.MemoryRegion> all = new ArrayList<>();
        all.add(leaving);
        for (Request.MemoryRegion before : gone) {
            if (!same(before, leaving) && all.size() < MOST_GONE) {
                all.add(before);
            }
        }
        return List.copyOf(all);
    }

    /** Unmaps the regions that {@code next} does not share. */
    void closeAllBut(MappedTable next) {
        for (Mapped region : regions) {
            if (!next.shares(region)) {
                region.arena.close();
            }
        }
    }

    private boolean shares(Mapped wanted) {
        for (Mapped region : regions) {
            if (region == wanted) {
                return true;
            }
        }
        return false;
    }
}

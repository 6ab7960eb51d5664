package eu.mikelangelo.packages.debian.apt;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * All packages of all sources, searched in a mapped file (see {@link IndexWriter}). Immutable, safe for many threads.
 */
public final class PackageIndex {
    private static final Comparator<PackageEntry> BEST_FIRST = Comparator
            .comparing((PackageEntry e) -> !e.automatic())
            .thenComparing((a, b) -> DebVersion.compare(b.version(), a.version()))
            .thenComparing(PackageEntry::sha256);
    private final MappedByteBuffer map;
    private final String digest;
    private final long builtAtMs;
    private final int names;
    private final int table;

    private PackageIndex(MappedByteBuffer map) throws IOException {
        this.map = map;
        byte[] magic = new byte[8];
        byte[] hex = new byte[64];
        map.get(0, magic).get(8, hex);
        if (!new String(magic, StandardCharsets.US_ASCII).equals(IndexWriter.MAGIC)) {
            throw new IOException("not a package index");
        }
        digest = new String(hex, StandardCharsets.US_ASCII);
        builtAtMs = map.getLong(72);
        names = map.getInt(80);
        long at = map.getLong(84);
        if (names < 0 || at < IndexWriter.HEADER || at + 4L * names != map.capacity()) {
            throw new IOException("the package index is cut");
        }
        table = (int) at;
    }

    static PackageIndex open(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() < IndexWriter.HEADER || channel.size() > Integer.MAX_VALUE) {
                throw new IOException("not a package index");
            }
            return new PackageIndex(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
        }
    }

    /** SHA-256 over everything the index was made from. */
    public String digest() {
        return digest;
    }

    public long builtAtMs() {
        return builtAtMs;
    }

    public int size() {
        return names;
    }

    /** All versions of a real package: automatic archives first, then the newest first. Empty when unknown. */
    public List<PackageEntry> packages(String name) {
        int entry = find(name);
        return entry < 0 ? List.of() : records(skipText(entry), BEST_FIRST);
    }

    /** The packages that provide a virtual name, sorted by priority, then name, the best version first. */
    public List<PackageEntry> providers(String name) {
        int entry = find(name);
        if (entry < 0) {
            return List.of();
        }
        int at = skipText(entry);
        return records(at + 4 + 4 * map.getInt(at), Comparator
                .comparingInt(PackageEntry::rank).thenComparing(PackageEntry::name).thenComparing(BEST_FIRST));
    }

    /** The name at a place of the sorted list of all names. */
    public String name(int position) {
        return text(map.getInt(table + 4 * position), null);
    }

    /** Whether the name at this place is a real package's, not only a provided one. */
    boolean real(int position) {
        return map.getInt(skipText(map.getInt(table + 4 * position))) > 0;
    }

    /** Every essential package's best version, by name. */
    public List<PackageEntry> essential() {
        List<PackageEntry> found = new ArrayList<>();
        for (int i = 0; i < names; i++) {
            int at = skipText(map.getInt(table + 4 * i));
            if (map.getInt(at) > 0 && essentialAt(map.getInt(at + 4))) {
                found.add(packages(name(i)).getFirst());
            }
        }
        return found;
    }

    private boolean essentialAt(int record) {
        int at = record;
        for (int field = 0; field < 4; field++) {
            at = skipText(at);
        }
        return (map.get(at) & 1) != 0;
    }

    /** The offset of a name's entry, or -1: a binary search that touches some 17 pages of the file. */
    private int find(String name) {
        byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
        int low = 0;
        int high = names - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int entry = map.getInt(table + 4 * middle);
            int order = compare(entry, wanted);
            if (order == 0) {
                return entry;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    private int compare(int entry, byte[] wanted) {
        int length = map.getInt(entry);
        for (int i = 0; i < Math.min(length, wanted.length); i++) {
            int order = Integer.compare(map.get(entry + 4 + i) & 0xff, wanted[i] & 0xff);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(length, wanted.length);
    }

    private List<PackageEntry> records(int at, Comparator<PackageEntry> order) {
        int count = map.getInt(at);
        List<PackageEntry> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            entries.add(record(map.getInt(at + 4 + 4 * i)));
        }
        entries.sort(order);
        return entries;
    }

    private PackageEntry record(int offset) {
        int[] at = {offset};
        String name = text(at[0], at);
        String version = text(at[0], at);
        String source = text(at[0], at);
        String section = text(at[0], at);
        int flags = map.get(at[0]++);
        int rank = map.get(at[0]++);
        String preDepends = text(at[0], at);
        String depends = text(at[0], at);
        String recommends = text(at[0], at);
        String provides = text(at[0], at);
        String conflicts = text(at[0], at);
        String breaks = text(at[0], at);
        long size = map.getLong(at[0]);
        at[0] += 8;
        String sha256 = text(at[0], at);
        String url = text(at[0], at);
        return new PackageEntry(name, version, source, section, (flags & 1) != 0, preDepends, depends,
                recommends, provides, conflicts, breaks, size, sha256, url, (flags & 2) != 0, rank);
    }

    private int skipText(int at) {
        return at + 4 + map.getInt(at);
    }

    private String text(int at, int[] next) {
        int length = map.getInt(at);
        if (length < 0 || length > Stanzas.MAX_FIELD) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        map.get(at + 4, bytes);
        if (next != null) {
            next[0] = at + 4 + length;
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

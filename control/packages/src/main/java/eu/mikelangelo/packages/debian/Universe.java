package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.debian.apt.Closure;
import eu.mikelangelo.packages.debian.apt.PackageEntry;
import eu.mikelangelo.packages.debian.deb.DebFacts;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import eu.mikelangelo.packages.debian.deb.DebStore;
import eu.mikelangelo.packages.debian.unit.Action;
import eu.mikelangelo.packages.debian.unit.ScriptReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** The files of a closure's packages, fetched as far as somebody asked for them. For one thread. */
final class Universe {
    static final int MAX_TEXT = 1 << 20;
    private final Closure closure;
    private final DebStore store;
    private final BlobStore blobs;
    private final Progress progress;
    private final Map<Integer, DebFacts> facts = new TreeMap<>();
    private final Map<String, Owned> files = new HashMap<>();
    private final Map<String, List<Owned>> byName = new HashMap<>();
    private final Map<String, Action.Alternative> alternatives = new HashMap<>();

    /** A file and the position of its package in the closure. */
    record Owned(Entry entry, int member) { }

    Universe(Closure closure, DebStore store, BlobStore blobs, Progress progress) {
        this.closure = closure;
        this.store = store;
        this.blobs = blobs;
        this.progress = progress;
    }

    Closure closure() {
        return closure;
    }

    Closure.Member member(int index) {
        return closure.members().get(index);
    }

    String name(int index) {
        return member(index).entry().name();
    }

    boolean loaded(int index) {
        return facts.containsKey(index);
    }

    /** Members that were needed so far, in closure order. */
    Collection<Integer> loaded() {
        return facts.keySet();
    }

    DebFacts facts(int index) {
        load(List.of(index));
        return facts.get(index);
    }

    /** Makes the files of these members known, downloading in parallel what is not here. */
    void load(Collection<Integer> members) {
        Map<String, Integer> missing = new TreeMap<>();
        List<PackageEntry> entries = new ArrayList<>();
        for (int member : new TreeSet<>(members)) {
            if (!facts.containsKey(member)) {
                missing.put(name(member), member);
                entries.add(member(member).entry());
            }
        }
        if (missing.isEmpty()) {
            return;
        }
        Map<String, DebFacts> fetched = store.facts(entries, progress);
        for (PackageEntry entry : entries) {
            add(missing.get(entry.name()), fetched.get(entry.name()));
        }
    }

    private void add(int member, DebFacts found) {
        facts.put(member, found);
        for (Entry entry : found.entries()) {
            Owned owned = new Owned(entry, member);
            Owned before = files.get(entry.path());
            if (before == null || before.entry().kind() == 'd' && entry.kind() != 'd') {
                files.put(entry.path(), owned);
            }
            if (entry.kind() == 'f' || entry.kind() == 'l') {
                byName.computeIfAbsent(entry.name(), n -> new ArrayList<>(1)).add(owned);
            }
        }
        for (Action action : ScriptReader.read(found.scripts().getOrDefault("postinst", ""), "configure",
                name(member))) {
            if (action instanceof Action.Alternative a) {
                alternatives.merge(TreeMaker.normal(a.link()), a,
                        (old, now) -> now.priority() > old.priority() ? now : old);
            }
        }
    }

    Owned get(String path) {
        return files.get(path);
    }

    /** Files and links of this name anywhere in what is loaded. */
    List<Owned> named(String name) {
        return byName.getOrDefault(name, List.of());
    }

    /** Where a link of update-alternatives leads, or null. */
    String alternative(String path) {
        Action.Alternative alternative = alternatives.get(TreeMaker.normal(path));
        return alternative == null ? null : alternative.path();
    }

    /** The content of a text file; "" when it is no file or too long to be one that we read. */
    String text(Entry entry) {
        if (entry == null || !entry.file() || entry.size() > MAX_TEXT) {
            return "";
        }
        return text(entry.digest());
    }

    String text(String sha256) {
        return text(sha256, StandardCharsets.UTF_8);
    }

    String text(String sha256, Charset charset) {
        try (InputStream in = blobs.open(sha256)) {
            return new String(in.readNBytes(MAX_TEXT), charset);
        } catch (IOException e) {
            return "";
        }
    }
}

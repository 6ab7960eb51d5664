package eu.mikelangelo.packages.debian.deb;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Storage;
import eu.mikelangelo.packages.debian.apt.Fetcher;
import eu.mikelangelo.packages.debian.apt.PackageEntry;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/** The .debs we have, by digest, and their facts; fetches what is missing, four at a time. */
public final class DebStore {
    private static final int PARALLEL = 4;
    private final Path folder;
    private final Fetcher fetcher;
    private final Unpacker unpacker;

    /** @param folder the packages folder: {@code debs/<sha256>.deb} and {@code facts/} lie in it */
    public DebStore(Path folder, Fetcher fetcher, BlobStore blobs) {
        this.folder = folder;
        this.fetcher = fetcher;
        this.unpacker = new Unpacker(folder.resolve("facts"), blobs);
    }

    /** Where the verified .deb lies; it is downloaded first when it is missing. */
    public Path fetch(PackageEntry entry, Progress progress) {
        AtomicLong done = new AtomicLong();
        return fetch(entry, more -> progress.report("downloading " + entry, done.addAndGet(more), entry.size()));
    }

    private Path fetch(PackageEntry entry, java.util.function.LongConsumer progress) {
        Path target = target(entry);
        dropDamaged(target, entry);
        fetcher.download(URI.create(entry.url().replace("+", "%2B").replace("~", "%7E")), target, entry.size(),
                entry.sha256(), progress);
        return target;
    }

    /** One that lay here for long is read soon: what the index vouches for, or nothing. */
    private static void dropDamaged(Path target, PackageEntry entry) {
        try {
            if (Files.isRegularFile(target) && !Storage.sha256(target).equals(entry.sha256())) {
                Files.delete(target);
            }
        } catch (IOException e) {
            throw Storage.failure("check " + target, e);
        }
    }

    /** People know a package by its name, not by the digest that its file is called by. */
    private DebFacts unpacked(Path deb, PackageEntry entry) throws IOException {
        try {
            return unpacker.facts(deb, entry.sha256());
        } catch (Failure e) {
            throw new Failure(e.kind(), e.getMessage().replace(deb.getFileName().toString(), "package " + entry),
                    e.hint(), e);
        }
    }

    /** The facts of packages by name, downloading and unpacking what is not known yet, in parallel. */
    public Map<String, DebFacts> facts(Collection<PackageEntry> entries, Progress progress) {
        Map<String, DebFacts> facts = new HashMap<>();
        List<PackageEntry> unknown = new ArrayList<>();
        for (PackageEntry entry : entries) {
            if (unpacker.knows(entry.sha256())) {
                facts.put(entry.name(), unpacker.facts(target(entry), entry.sha256()));
            } else {
                unknown.add(entry);
            }
        }
        if (!unknown.isEmpty()) {
            parallel(unknown, facts, progress);
        }
        return facts;
    }

    private Path target(PackageEntry entry) {
        return folder.resolve("debs").resolve(entry.sha256() + ".deb");
    }

    private void parallel(List<PackageEntry> entries, Map<String, DebFacts> facts, Progress progress) {
        long total = entries.stream().mapToLong(PackageEntry::size).sum();
        AtomicLong done = new AtomicLong();
        ReentrantLock speaking = new ReentrantLock();
        Map<PackageEntry, Future<DebFacts>> running = new java.util.LinkedHashMap<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(PARALLEL, Thread.ofPlatform().daemon().factory())) {
            for (PackageEntry entry : entries) {
                running.put(entry, pool.submit(() -> {
                    Path deb = fetch(entry, more -> {
                        speaking.lock();
                        try {
                            progress.report("downloading " + entry, done.addAndGet(more), total);
                        } finally {
                            speaking.unlock();
                        }
                    });
                    return unpacked(deb, entry);
                }));
            }
            for (Map.Entry<PackageEntry, Future<DebFacts>> each : running.entrySet()) {
                facts.put(each.getKey().name(), each.getValue().get());
            }
        } catch (ExecutionException e) {
            running.values().forEach(future -> future.cancel(false));
            if (e.getCause() instanceof Failure failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Failure.Kind.TIMEOUT, "interrupted while downloading", "What has arrived is kept.", e);
        }
    }
}

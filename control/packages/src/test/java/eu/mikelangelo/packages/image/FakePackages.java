package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Deb;
import eu.mikelangelo.packages.PackageSource;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.Tree;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** An archive in memory: "cache" and "shell" are packages; the kernel package is a file that a test made. */
final class FakePackages implements PackageSource {
    final BlobStore blobs;
    final Map<String, Path> debs = new HashMap<>();
    final AtomicInteger imports = new AtomicInteger();
    volatile String state = "1";
    volatile boolean offline;

    FakePackages(BlobStore blobs) {
        this.blobs = blobs;
    }

    @Override
    public boolean exists(String name) {
        return name.matches("cache|shell");
    }

    @Override
    public String fingerprint(String name) {
        if (offline) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "no network", "");
        }
        if (!exists(name) && !debs.containsKey(name)) {
            throw new Failure(Failure.Kind.NOT_FOUND, "no package " + name, "");
        }
        return name + "=" + state;
    }

    @Override
    public Bundle importPackage(String name, boolean refresh, Progress progress) {
        if (!exists(name)) {
            throw new Failure(Failure.Kind.NOT_FOUND, "no package " + name, "");
        }
        Start start = new Start(List.of(), List.of("/usr/bin/" + name, "$OPTIONS"), List.of(),
                Map.of("OPTIONS", "-v -x"), "7:8", "/", false, List.of(new Start.RunFolder("/run/" + name, 0750, 7, 8)),
                List.of(new Start.Port("tcp", 80)));
        return new Bundle(name, state, importTree(List.of(name), progress), start,
                List.of(new Bundle.Source("debian", name, state, "0".repeat(64))), List.of("a warning"));
    }

    @Override
    public Tree importTree(List<String> names, Progress progress) {
        imports.incrementAndGet();
        Tree tree = new Tree();
        tree.put("/usr/lib", new Tree.Folder(0755, 0, 0));
        tree.put("/lib", new Tree.Link("usr/lib", 0, 0));
        tree.put("/tmp", new Tree.Folder(01777, 0, 0));
        for (String name : names) {
            tree.put("/usr/bin/" + name, file(0755, name + " " + state));
            tree.put("/lib/lib" + name + ".so", file(0644, "library of " + name));
        }
        return tree;
    }

    Tree.File file(int mode, String text) {
        try {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            BlobStore.Blob blob = blobs.put(new ByteArrayInputStream(bytes), bytes.length);
            return new Tree.File(mode, 0, 0, blob.sha256(), blob.size());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Deb fetch(String name, Progress progress) {
        if (!debs.containsKey(name)) {
            throw new Failure(Failure.Kind.NOT_FOUND, "no package " + name, "");
        }
        return new Deb(name, "6.1", "a".repeat(64), debs.get(name));
    }
}

package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.apt.Lines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Finished bundles by fingerprint, so that a second import of the same packages reads one file. */
final class BundleCache {
    private final Path folder;
    private final BlobStore blobs;

    BundleCache(Path folder, BlobStore blobs) {
        this.folder = folder;
        this.blobs = blobs;
    }

    /** The bundle, or null when it is unknown, unreadable, or one of its blobs is gone. */
    Bundle get(String fingerprint) {
        Path file = folder.resolve(fingerprint);
        try {
            return Files.isRegularFile(file) ? read(Files.readString(file)) : null;
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    void put(String fingerprint, Bundle bundle) throws IOException {
        Durable.privateFolder(folder);
        Durable.write(folder.resolve(fingerprint), write(bundle));
    }

    static String write(Bundle bundle) {
        Lines lines = new Lines().add("bundle", bundle.name(), bundle.version());
        bundle.sources().forEach(s -> lines.add("source", s.kind(), s.name(), s.version(), s.sha256()));
        bundle.warnings().forEach(w -> lines.add("warning", w));
        Start start = bundle.start();
        if (start != null) {
            lines.add("start", start.user(), start.workdir(), start.forking());
            lines.add(row("wrap", start.wrap()));
            lines.add(row("args", start.args()));
            start.pre().forEach(words -> lines.add(row("pre", words)));
            start.env().forEach((k, v) -> lines.add("env", k, v));
            start.folders().forEach(f -> lines.add("folder", f.path(), f.mode(), f.uid(), f.gid()));
            start.ports().forEach(p -> lines.add("port", p.protocol(), p.number()));
        }
        bundle.tree().nodes().forEach((path, node) -> {
            switch (node) {
                case Tree.File f -> lines.add("f", path, f.mode(), f.uid(), f.gid(), f.sha256(), f.size());
                case Tree.Folder f -> lines.add("d", path, f.mode(), f.uid(), f.gid());
                case Tree.Link l -> lines.add("l", path, l.target(), l.uid(), l.gid());
            }
        });
        return lines.add("end").toString();
    }

    private static Object[] row(String kind, List<String> words) {
        List<Object> row = new ArrayList<>(words);
        row.addFirst(kind);
        return row.toArray();
    }

    private Bundle read(String text) throws IOException {
        List<String[]> records = Lines.parse(text);
        if (records.isEmpty() || !records.getLast()[0].equals("end")) {
            throw new IOException("the file was cut");
        }
        Tree tree = new Tree();
        List<Bundle.Source> sources = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        List<String> wrap = new ArrayList<>();
        List<String> args = new ArrayList<>();
        List<List<String>> pre = new ArrayList<>();
        Map<String, String> env = new LinkedHashMap<>();
        List<Start.RunFolder> folders = new ArrayList<>();
        List<Start.Port> ports = new ArrayList<>();
        String[] bundle = records.getFirst();
        String[] start = null;
        for (String[] f : records) {
            switch (f[0]) {
                case "source" -> sources.add(new Bundle.Source(f[1], f[2], f[3], f[4]));
                case "warning" -> warnings.add(f[1]);
                case "start" -> start = f;
                case "wrap" -> wrap.addAll(List.of(f).subList(1, f.length));
                case "args" -> args.addAll(List.of(f).subList(1, f.length));
                case "pre" -> pre.add(List.copyOf(List.of(f).subList(1, f.length)));
                case "env" -> env.put(f[1], f[2]);
                case "folder" -> folders.add(new Start.RunFolder(f[1], number(f[2]), number(f[3]), number(f[4])));
                case "port" -> ports.add(new Start.Port(f[1], number(f[2])));
                case "f" -> {
                    if (!blobs.has(f[5])) {
                        return null;
                    }
                    tree.put(f[1], new Tree.File(number(f[2]), number(f[3]), number(f[4]), f[5], Long.parseLong(f[6])));
                }
                case "d" -> tree.put(f[1], new Tree.Folder(number(f[2]), number(f[3]), number(f[4])));
                case "l" -> tree.put(f[1], new Tree.Link(f[2], number(f[3]), number(f[4])));
                default -> { }
            }
        }
        Start begin = start == null ? null : new Start(wrap, args, List.copyOf(pre), env, start[1],
                start[2], Boolean.parseBoolean(start[3]), List.copyOf(folders), List.copyOf(ports));
        return new Bundle(bundle[1], bundle[2], tree, begin, List.copyOf(sources), List.copyOf(warnings));
    }

    private static int number(String text) {
        return Integer.parseInt(text);
    }
}

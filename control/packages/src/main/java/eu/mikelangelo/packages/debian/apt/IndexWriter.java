package eu.mikelangelo.packages.debian.apt;

import eu.mikelangelo.base.Durable;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes the package index as one file that {@link PackageIndex} maps and searches without reading it whole. All
 * numbers are big-endian; texts are an int length and UTF-8 bytes.
 * <pre>
 * header   MAGIC     , 64 hex digits (digest of all inputs), long build time in ms, int names, long name table
 * records  one a package: see {@link #record} names    one a name: text, int n, n record offsets; int m, m offsets of
 * records that provide it table    one int a name, sorted by name: the offset of its entry
 * </pre>
 */
final class IndexWriter implements AutoCloseable {
    static final String MAGIC = "MIKEDEB6";
    static final int HEADER = 8 + 64 + 8 + 4 + 8;
    private static final int MAX_PACKAGES = 1_000_000;
    private static final List<String> PRIORITIES = List.of("required", "important", "standard", "optional");
    private final Path file;
    private final Path temporary;
    private final DataOutputStream out;
    private final TreeMap<String, Offsets> names = new TreeMap<>();
    private final Set<String> seen = new HashSet<>();
    private final String architecture;

    private static final class Offsets {
        private final List<Integer> packages = new ArrayList<>(1);
        private final List<Integer> providers = new ArrayList<>(0);
    }

    IndexWriter(Path file, String architecture) throws IOException {
        this.file = file;
        this.architecture = architecture;
        temporary = file.resolveSibling("." + file.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
        out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(temporary), 1 << 20));
        out.write(new byte[HEADER]);
    }

    /** Adds one stanza of a Packages file; a package seen before in the same version and content is left out. */
    void add(Map<String, String> stanza, String base, boolean automatic) throws IOException {
        String name = stanza.getOrDefault("package", "");
        String sha256 = stanza.getOrDefault("sha256", "");
        String path = stanza.getOrDefault("filename", "");
        String size = stanza.getOrDefault("size", "");
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9.+-]*") || !sha256.matches("[0-9a-f]{64}") || path.isEmpty()
                || path.contains("..") || !size.matches("[0-9]{1,12}")
                || !seen.add(name + '\0' + stanza.getOrDefault("version", "") + '\0' + sha256)) {
            return;
        }
        if (seen.size() > MAX_PACKAGES) {
            throw new IOException("more than " + MAX_PACKAGES + " packages");
        }
        int offset = out.size();
        record(stanza, base + "/" + path.replaceFirst("^\\./", ""), automatic);
        if (out.size() < 0 || out.size() == Integer.MAX_VALUE) {
            throw new IOException("the index grew beyond 2 GiB");
        }
        names.computeIfAbsent(name, n -> new Offsets()).packages.add(offset);
        for (List<Dependency> given : Dependency.parse(stanza.getOrDefault("provides", ""), architecture)) {
            names.computeIfAbsent(given.getFirst().name(), n -> new Offsets()).providers.add(offset);
        }
    }

    private void record(Map<String, String> stanza, String url, boolean automatic) throws IOException {
        String name = stanza.get("package");
        text(name);
        text(stanza.getOrDefault("version", ""));
        text(stanza.getOrDefault("source", name).replaceFirst("\\s.*", ""));
        text(stanza.getOrDefault("section", ""));
        out.writeByte((stanza.getOrDefault("essential", "no").equals("yes") ? 1 : 0) | (automatic ? 2 : 0));
        int rank = PRIORITIES.indexOf(stanza.getOrDefault("priority", ""));
        out.writeByte(rank < 0 ? PRIORITIES.size() : rank);
        text(stanza.getOrDefault("pre-depends", ""));
        text(stanza.getOrDefault("depends", ""));
        text(recommends(stanza));
        text(stanza.getOrDefault("provides", ""));
        text(stanza.getOrDefault("conflicts", ""));
        text(stanza.getOrDefault("breaks", ""));
        out.writeLong(Long.parseLong(stanza.get("size")));
        text(stanza.get("sha256"));
        text(url);
    }

    /**
     * Of Recommends what a server needs one of and its own source brings: pdns-server recommends pdns-backend-bind;
     * and data that it reads (dns-root-data). apt installs Recommends too; the others
     * (documentation, tools, neighbours) a machine can do without.
     */
    static String recommends(Map<String, String> stanza) {
        String source = stanza.getOrDefault("source", stanza.getOrDefault("package", "")).replaceFirst("\\s.*", "");
        StringBuilder taken = new StringBuilder();
        for (String group : stanza.getOrDefault("recommends", "").split(",")) {
            String name = group.strip().replaceFirst("[^A-Za-z0-9.+-].*", "");
            if (name.startsWith(source + "-") && name.matches(".*-(backend|driver|storage)(-.*)?")
                    || name.endsWith("-data") && !name.startsWith("lib")) {
                taken.append(taken.isEmpty() ? "" : ", ").append(group.strip());
            }
        }
        return taken.toString();
    }

    /** Writes the names and publishes the file. */
    void finish(String digest) throws IOException {
        int[] table = new int[names.size()];
        int at = 0;
        for (Map.Entry<String, Offsets> name : names.entrySet()) {
            table[at++] = out.size();
            text(name.getKey());
            offsets(name.getValue().packages);
            offsets(name.getValue().providers);
        }
        long tableAt = out.size();
        for (int offset : table) {
            out.writeInt(offset);
        }
        out.close();
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            java.nio.ByteBuffer header = java.nio.ByteBuffer.allocate(HEADER);
            header.put(MAGIC.getBytes(StandardCharsets.US_ASCII)).put(digest.getBytes(StandardCharsets.US_ASCII))
                    .putLong(System.currentTimeMillis()).putInt(table.length).putLong(tableAt).flip();
            channel.write(header, 0);
            channel.force(true);
        }
        Durable.publish(temporary, file);
    }

    private void offsets(List<Integer> offsets) throws IOException {
        out.writeInt(offsets.size());
        for (int offset : offsets) {
            out.writeInt(offset);
        }
    }

    private void text(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    @Override
    public void close() throws IOException {
        out.close();
        Files.deleteIfExists(temporary);
    }
}

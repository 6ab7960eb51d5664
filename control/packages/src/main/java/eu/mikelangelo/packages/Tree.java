package eu.mikelangelo.packages;

import java.util.Map;
import java.util.TreeMap;

/**
 * A file tree on its way into an image: absolute, normalised paths ({@code /usr/sbin/nginx}) in sorted order, so that
 * equal trees are written as equal bytes. Parents are implied: a writer adds missing folders as root 0755.
 * Not thread-safe.
 */
public final class Tree {
    private final TreeMap<String, Node> nodes = new TreeMap<>();

    /** What stands at a path. {@code mode} holds permission bits only (07777); uid and gid are the guest's. */
    public sealed interface Node {
        int mode();

        int uid();

        int gid();
    }

    /** A regular file whose content lies in the {@link BlobStore}. */
    public record File(int mode, int uid, int gid, String sha256, long size) implements Node { }

    public record Folder(int mode, int uid, int gid) implements Node { }

    /** A symbolic link; the target is literal text, never followed on the host. */
    public record Link(String target, int uid, int gid) implements Node {
        @Override
        public int mode() {
            return 0777;
        }
    }

    /** Puts a node, replacing what stood there; {@code path} must come from {@link #normalise}. */
    public void put(String path, Node node) {
        if (!path.equals(normalise(path))) {
            throw new IllegalArgumentException("not a normalised path: " + path);
        }
        nodes.put(path, node);
    }

    public Node get(String path) {
        return nodes.get(path);
    }

    public Node remove(String path) {
        return nodes.remove(path);
    }

    /** The first path that is {@code path} or comes behind it in order; null when there is none. */
    public String ceiling(String path) {
        return nodes.ceilingKey(path);
    }

    /** All nodes in path order. The view is live and read-only. */
    public Map<String, Node> nodes() {
        return java.util.Collections.unmodifiableMap(nodes);
    }

    /**
     * The absolute form of an archive member's name: {@code ./usr/bin/x}, {@code usr/bin/x} and {@code /usr/bin/x/} all
     * give {@code /usr/bin/x}; the root gives {@code /}.
     *
     * @throws IllegalArgumentException when the name leaves the tree ({@code ..}) or holds a NUL
     */
    public static String normalise(String name) {
        if (name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("NUL in a path");
        }
        StringBuilder path = new StringBuilder(name.length() + 1);
        for (String part : name.split("/")) {
            if (part.equals("..")) {
                throw new IllegalArgumentException("path leaves the tree: " + name);
            }
            if (!part.isEmpty() && !part.equals(".")) {
                path.append('/').append(part);
            }
        }
        return path.isEmpty() ? "/" : path.toString();
    }
}

package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Tree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Puts trees one over the other as the kernel will unpack them, later ones winning, and keeps each layer apart so that
 * it can be cached. What would surprise is resolved or refused here: a file below a link goes where the link leads (a
 * package's {@code /lib} is {@code /usr/lib}), a folder that is there keeps its owner and mode, a file never replaces a
 * folder that holds something, and nobody replaces init. Not thread-safe.
 */
final class Layers {
    private static final int LINKS_MAX = 40;
    private static final List<String> RESERVED = List.of("/init", "/mike");
    private final Tree all = new Tree();
    private final List<Tree> layers = new ArrayList<>();

    /** The layers so far, paths resolved, lowest first. */
    List<Tree> layers() {
        return List.copyOf(layers);
    }

    /** Puts a tree over the others; {@code who} brings it, for messages. */
    void add(String who, Tree tree) {
        Tree layer = new Tree();
        for (Map.Entry<String, Tree.Node> entry : tree.nodes().entrySet()) {
            String path = entry.getKey();
            if (!path.equals("/")) {
                int slash = path.lastIndexOf('/');
                String parent = resolve(path.substring(0, slash), who);
                place(who, layer, parent + path.substring(slash), entry.getValue());
            }
        }
        if (!layer.nodes().isEmpty()) {
            layers.add(layer);
        }
    }

    private void place(String who, Tree layer, String path, Tree.Node node) {
        for (String reserved : RESERVED) {
            if (path.equals(reserved) || path.startsWith(reserved + "/")) {
                throw new Failure(Failure.Kind.BAD_INPUT, who + " brings " + path + ", a name that every machine uses "
                        + "for itself", "Rename it, or keep it out with .capstanignore.");
            }
        }
        Tree.Node old = all.get(path);
        if (node instanceof Tree.Folder) {
            if (old instanceof Tree.Folder) {
                return;
            }
            if (old instanceof Tree.Link && isFolder(resolve(path, who))) {
                return; // its content goes where the link leads
            }
        } else if (old instanceof Tree.Folder && !isEmpty(path)) {
            throw new Failure(Failure.Kind.BAD_INPUT, who + " brings a file or link " + path
                    + ", which is a folder with content in a package below", "Rename it.");
        }
        all.put(path, node);
        layer.put(path, node);
        addParents(layer, path);
    }

    /** A layer names the folders above its files, or the archive's writer would reset their mode. */
    private void addParents(Tree layer, String path) {
        for (int slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
            String parent = path.substring(0, slash);
            if (layer.get(parent) != null) {
                return; // and with it those above
            }
            if (all.get(parent) == null) {
                all.put(parent, new Tree.Folder(0755, 0, 0));
            }
            layer.put(parent, all.get(parent));
        }
    }

    private boolean isFolder(String path) {
        return path.isEmpty() || all.get(path) instanceof Tree.Folder;
    }

    private boolean isEmpty(String path) {
        String below = path + "/";
        String next = all.ceiling(below);
        return next == null || !next.startsWith(below);
    }

    /** Where the folder really is when links on the way are followed inside the tree; "" is the root. */
    private String resolve(String path, String who) {
        ArrayDeque<String> left = new ArrayDeque<>(List.of(path.split("/")));
        StringBuilder real = new StringBuilder();
        int links = 0;
        while (!left.isEmpty()) {
            String part = left.removeFirst();
            if (part.isEmpty() || part.equals(".")) {
                continue;
            }
            if (part.equals("..")) {
                real.setLength(Math.max(0, real.lastIndexOf("/")));
                continue;
            }
            Tree.Node node = all.get(real + "/" + part);
            if (node instanceof Tree.Link link) {
                if (++links > LINKS_MAX) {
                    throw new Failure(Failure.Kind.BAD_INPUT, who + ": links on the way to " + path + " lead in a "
                            + "circle", "");
                }
                if (link.target().startsWith("/")) {
                    real.setLength(0);
                }
                List<String> parts = List.of(link.target().split("/"));
                for (int i = parts.size() - 1; i >= 0; i--) {
                    left.addFirst(parts.get(i));
                }
            } else if (node instanceof Tree.File) {
                throw new Failure(Failure.Kind.BAD_INPUT, who + ": " + real + "/" + part + " is a file, but " + path
                        + " needs a folder there", "");
            } else {
                real.append('/').append(part);
            }
        }
        return real.toString();
    }
}

package eu.mikelangelo.packages.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Tree;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayersTest {
    private static final Tree.File FILE = new Tree.File(0644, 0, 0, "0".repeat(64), 1);
    @TempDir
    Path folder;

    private static Tree tree(Object... pathsAndNodes) {
        Tree tree = new Tree();
        for (int i = 0; i < pathsAndNodes.length; i += 2) {
            tree.put((String) pathsAndNodes[i], (Tree.Node) pathsAndNodes[i + 1]);
        }
        return tree;
    }

    private static Tree.Link link(String target) {
        return new Tree.Link(target, 0, 0);
    }

    @Test
    void filesGoWhereLinksLead() {
        Layers layers = new Layers();
        layers.add("base", tree("/usr/lib", new Tree.Folder(0755, 0, 0), "/lib", link("usr/lib"),
                "/a", link("/b/../lib"), "/b", new Tree.Folder(0700, 1, 1), "/up", link("../../lib")));
        layers.add("top", tree("/a", new Tree.Folder(0777, 9, 9), "/a/x", FILE, "/up/y", FILE, "/b/z", FILE));
        Tree top = layers.layers().get(1);
        assertEquals(List.of("/b", "/b/z", "/usr", "/usr/lib", "/usr/lib/x", "/usr/lib/y"),
                List.copyOf(top.nodes().keySet()));
        assertEquals(new Tree.Folder(0700, 1, 1), top.get("/b"), "folders above are as they were");
    }

    @Test
    void replacementsThatLoseFilesAreRefused() {
        Layers layers = new Layers();
        layers.add("base", tree("/d/f", FILE, "/e", new Tree.Folder(0755, 0, 0), "/f", FILE, "/l", link("f")));
        layers.add("top", tree("/e", FILE, "/f", link("d"), "/l", FILE));
        refused(layers, tree("/d", FILE), "/d, which is a folder with content");
        refused(layers, tree("/d", link("e")), "/d, which is a folder with content");
        refused(layers, tree("/e/x", FILE), "/e is a file");
        refused(layers, tree("/mike/image", FILE), "a name that every machine uses");
        refused(layers, tree("/bin/x", FILE, "/x", link("mike"), "/mike", link("bin")), "a name that every machine");
    }

    @Test
    void circlesEnd() {
        Layers layers = new Layers();
        layers.add("base", tree("/a", link("b"), "/b", link("a")));
        refused(layers, tree("/a/x", FILE), "lead in a circle");
        Tree growing = tree("/g", link("g/g/g/g/g/g/g/g"));
        layers.add("base", growing);
        refused(layers, tree("/g/x", FILE), "lead in a circle");
    }

    private static void refused(Layers layers, Tree tree, String why) {
        Failure failure = assertThrows(Failure.class, () -> layers.add("top", tree));
        assertTrue(failure.getMessage().contains(why), failure.getMessage());
    }

    /** Whatever trees are put one over the other: each layer can be written, or the cause is told. */
    @Test
    void everyLayerCanBeWritten() throws IOException {
        BlobStore blobs = new BlobStore(folder);
        int written = 0;
        for (int seed = 0; seed < 200; seed++) {
            Layers layers = new Layers();
            try {
                layers.add("one", new RandomTree(seed, blobs).next());
                layers.add("two", new RandomTree(seed + 1000, blobs).next());
            } catch (Failure told) {
                continue;
            }
            for (Tree layer : layers.layers()) {
                CpioTest.write(layer, blobs);
                written++;
            }
            Layers again = new Layers();
            layers.layers().forEach(layer -> again.add("again", layer));
            assertEquals(layers.layers().stream().map(TreeText::write).toList(),
                    again.layers().stream().map(TreeText::write).toList(), "resolved paths stay; seed " + seed);
        }
        assertTrue(written > 40, written + " layers");
    }
}

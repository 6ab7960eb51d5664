package eu.mikelangelo.packages.image;

import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Tree;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Trees that look for trouble: deep, empty, odd names, every padding, all permission bits, large owners. */
final class RandomTree {
    private static final String[] NAMES = {"a", "bin", "x.y", "a-b", "with blank", "tab\tname", "line\nbreak", "ünï",
            "日本", "😀", "-", "back\\slash", "TRAILER!!", "é".repeat(40), "n".repeat(255), "1", "22", "333"};
    private final Random random;
    private final BlobStore blobs;
    private final Tree tree = new Tree();

    RandomTree(long seed, BlobStore blobs) {
        this.random = new Random(seed);
        this.blobs = blobs;
    }

    Tree next() throws IOException {
        List<String> folders = new ArrayList<>(List.of(""));
        int count = random.nextInt(60);
        for (int i = 0; i < count; i++) {
            String path = folders.get(random.nextInt(folders.size())) + "/" + NAMES[random.nextInt(NAMES.length)];
            if (tree.get(path) != null || folders.contains(path)) {
                continue;
            }
            int mode = random.nextInt(010000);
            int uid = random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(1000);
            switch (random.nextInt(4)) {
                case 0 -> {
                    tree.put(path, new Tree.Folder(mode, uid, 0));
                    folders.add(path);
                }
                case 1 -> folders.add(path); // implied by what lies in it, if anything does
                case 2 -> tree.put(path, new Tree.Link(random.nextBoolean() ? "/else/where" : "../ünï blank", uid, 7));
                default -> tree.put(path, file(mode, uid));
            }
        }
        return tree;
    }

    private Tree.File file(int mode, int uid) throws IOException {
        byte[] content = new byte[random.nextInt(3) == 0 ? random.nextInt(5) : random.nextInt(5000)];
        random.nextBytes(content);
        BlobStore.Blob blob = blobs.put(new ByteArrayInputStream(content), content.length);
        return new Tree.File(mode, uid, uid ^ 5, blob.sha256(), blob.size());
    }
}

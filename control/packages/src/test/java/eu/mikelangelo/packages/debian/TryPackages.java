package eu.mikelangelo.packages.debian;

import com.github.luben.zstd.Zstd;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.apt.AptConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** Imports packages by name and prints one line each: for going through many by hand, see docs/packages-tried.md. */
final class TryPackages {
    private TryPackages() { }

    /** {@code FOLDER RECIPES [-v] NAME…} */
    public static void main(String[] words) throws IOException {
        Path folder = Path.of(words[0]);
        BlobStore blobs = new BlobStore(folder.resolve("blobs"));
        DebianImporter importer = new DebianImporter(AptConfig.host(System.getenv()), folder, blobs, Path.of(words[1]));
        boolean verbose = false;
        for (int i = 2; i < words.length; i++) {
            if (words[i].equals("-v")) {
                verbose = true;
                continue;
            }
            long begin = System.nanoTime();
            try {
                Bundle bundle = importer.importPackage(words[i], false, Progress.NONE);
                long ms = (System.nanoTime() - begin) / 1_000_000;
                System.out.printf("OK   %-24s %6d KiB %5d files %6d ms  %s %s%n", words[i], compressed(bundle.tree(),
                        blobs) >> 10,
                        bundle.tree().nodes().size(), ms, bundle.start().user(), bundle.start().args());
                bundle.warnings().forEach(w -> System.out.println("       ! " + w));
                if (verbose) {
                    System.out.println(BundleCache.write(bundle));
                }
            } catch (Failure e) {
                System.out.printf("FAIL %-24s %s — %s (%s)%n", words[i], e.kind(), e.getMessage(), e.hint());
            } catch (RuntimeException e) {
                System.out.printf("BUG  %-24s %s%n", words[i], e);
                e.printStackTrace(System.out);
            }
        }
    }

    /** Bytes of all contents, each once, compressed together as the image writer does (zstd 19). */
    static long compressed(Tree tree, BlobStore blobs) throws IOException {
        Set<String> seen = new HashSet<>();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Tree.Node node : tree.nodes().values()) {
            if (node instanceof Tree.File file && seen.add(file.sha256())) {
                all.write(Files.readAllBytes(blobs.path(file.sha256())));
            }
        }
        return Zstd.compress(all.toByteArray(), all.size() > 30 << 20 ? 3 : 9).length;
    }
}

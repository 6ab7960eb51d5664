package eu.mikelangelo.packages.debian;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.apt.AptConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Imports of real packages from the host's own archives: needs the network. */
@Tag("boot")
class RealPackagesTest {
    @TempDir
    static Path folder;
    private static BlobStore blobs;
    private static DebianImporter importer;

    @BeforeAll
    static void open() {
        blobs = new BlobStore(folder.resolve("blobs"));
        Path recipes = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(recipes.resolve("packages/recipes"))) {
            recipes = recipes.getParent();
        }
        importer = new DebianImporter(AptConfig.host(System.getenv()), folder.resolve("packages"), blobs,
                recipes.resolve("packages/recipes"));
    }

    private static Bundle take(String name) {
        return importer.importPackage(name, false, Progress.NONE);
    }

    @Test
    void memcachedIsSmallAndWarmImportsAreQuick() throws IOException {
        Bundle bundle = take("memcached");
        long size = TryPackages.compressed(bundle.tree(), blobs);
        assertTrue(size <= 5 << 20, "compressed contents are " + size + " bytes");
        assertFalse(bundle.tree().nodes().keySet().stream().anyMatch(p -> p.contains("perl")));
        assertEquals("/usr/bin/memcached", bundle.start().args().getFirst());
        assertFalse(bundle.start().user().startsWith("0:"));
        long begin = System.nanoTime();
        take("memcached");
        long ms = (System.nanoTime() - begin) / 1_000_000;
        assertTrue(ms < 1_000, "a warm import took " + ms + " ms");
    }

    @Test
    void theOtherRecipesImport() throws IOException {
        for (String name : List.of("redis", "nginx", "iperf3")) {
            Bundle bundle = take(name);
            long size = TryPackages.compressed(bundle.tree(), blobs);
            assertTrue(size <= 8 << 20, name + ": compressed contents are " + size + " bytes");
            assertEquals(List.of(), bundle.warnings().stream().filter(w -> w.startsWith("no package")).toList(), name);
        }
    }

    @Test
    void postgresqlBringsItsClusterMaker() {
        Bundle bundle = take("postgresql");
        assertTrue(bundle.start().args().getFirst().matches("/usr/lib/postgresql/[0-9]+/bin/postgres"));
        assertEquals(2, bundle.start().pre().size(), bundle.warnings().toString());
        assertTrue(bundle.tree().nodes().containsKey("/usr/bin/dash"));
        assertTrue(bundle.tree().nodes().keySet().stream().anyMatch(p -> p.startsWith("/usr/lib/locale/C.utf8/")));
    }

    @Test
    void aProgramWithoutAServiceStartsInTheForeground() {
        assertEquals(List.of("/usr/bin/hello"), take("hello").start().args());
    }

    @Test
    void packagesWithoutRecipeImport() {
        for (String name : List.of("lighttpd", "tinyproxy", "mosquitto")) {
            Bundle bundle = take(name);
            assertTrue(bundle.tree().get("/usr/lib/x86_64-linux-gnu/libc.so.6") instanceof Tree.File, name);
        }
    }

    @Test
    void theKernelPackageIsFound() {
        Deb deb = importer.fetch("linux-image-cloud-amd64", Progress.NONE);
        assertTrue(deb.name().matches("linux-image-[0-9].*-cloud-amd64"), deb.name());
        assertTrue(Files.isRegularFile(deb.file()));
    }
}

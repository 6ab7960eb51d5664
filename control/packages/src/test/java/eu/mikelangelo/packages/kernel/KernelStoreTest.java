package eu.mikelangelo.packages.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Deb;
import eu.mikelangelo.packages.PackageSource;
import eu.mikelangelo.packages.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelStoreTest {
    private static final String RELEASE = "6.1.0-9-cloud-amd64";
    @TempDir
    Path folder;
    private final Archive archive = new Archive();
    private Path kernels;

    private static final class Archive implements PackageSource {
        final Map<String, Path> debs = new HashMap<>();
        String state = "1";
        int fetches;
        boolean offline;
        boolean leap;

        @Override
        public boolean exists(String name) {
            return debs.containsKey(name);
        }

        @Override
        public String fingerprint(String name) {
            if (offline) {
                throw new Failure(Failure.Kind.UNAVAILABLE, "no network", "");
            }
            return state;
        }

        @Override
        public Bundle importPackage(String name, boolean refresh, Progress progress) {
            throw new AssertionError("a kernel is fetched, not imported");
        }

        @Override
        public Tree importTree(List<String> names, Progress progress) {
            throw new AssertionError("a kernel is fetched, not imported");
        }

        @Override
        public Deb fetch(String name, Progress progress) {
            fetches++;
            String real = leap && name.equals(KernelStore.META_PACKAGE) ? "linux-image-" + RELEASE : name;
            return new Deb(real, "6.1." + state, "a".repeat(64), debs.get(real));
        }
    }

    @BeforeEach
    void packages() throws IOException {
        archive.debs.putAll(TestKernel.packages(folder, RELEASE, ""));
        kernels = folder.resolve("kernels");
    }

    @Test
    void unpacksOnceAndKeepsWhatAMachineNeeds() throws IOException {
        KernelStore store = KernelStore.open(kernels, archive);
        Kernel kernel = store.current(Progress.NONE);
        assertEquals(RELEASE, kernel.description().release());
        assertEquals(List.of("virtio_ring", "virtio", "virtio_pci", "failover", "virtio_net", "virtio_console",
                "virtio_rng", "pvpanic", "pvpanic_pci", "evdev"),
                kernel.description().modules().stream().map(Kernel.Module::name).toList());
        assertEquals(List.of("pvpanic", "pvpanic_pci", "evdev"), kernel.description().modules().stream()
                .filter(Kernel.Module::late).map(Kernel.Module::name).toList(), "button is optional");
        for (Kernel.Module module : kernel.description().modules()) {
            assertEquals(module.sha256(), KernelPackage.sha256(Files.readAllBytes(kernel.module(module))));
        }
        assertFalse(Files.exists(kernel.folder().resolve("modules/unwanted.ko")));
        assertEquals("vmlinux", kernel.bootFile().getFileName().toString());
        assertArrayEquals(TestKernel.vmlinux(true), Files.readAllBytes(kernel.bootFile()));
        assertEquals(kernel.sha256(), KernelPackage.sha256(Files.readAllBytes(kernel.vmlinuz())));
        assertEquals(2, archive.fetches);
        assertEquals(kernel, KernelStore.open(kernels, archive).current(Progress.NONE));
        assertEquals(2, archive.fetches, "the second time nothing is fetched");
        assertEquals(List.of(kernel), store.list());
        assertEquals(kernel, store.require(kernel.sha256(), "whatever", Progress.NONE));
    }

    @Test
    void aSourceMayKnowWhatTheNameStandsFor() {
        Kernel plain = KernelStore.open(kernels, archive).current(Progress.NONE);
        archive.leap = true;
        archive.fetches = 0;
        assertEquals(plain.description(), KernelStore.open(folder.resolve("other"), archive).current(Progress.NONE)
                .description());
        assertEquals(1, archive.fetches);
    }

    @Test
    void compressedModulesAreUnpacked() throws IOException {
        Kernel plain = KernelStore.open(kernels, archive).current(Progress.NONE);
        archive.debs.putAll(TestKernel.packages(folder, RELEASE, ".xz"));
        Kernel packed = KernelStore.open(folder.resolve("other"), archive).current(Progress.NONE);
        assertEquals(plain.description(), packed.description());
    }

    @Test
    void aNewerKernelIsTakenWhenTheIndexChanges() throws IOException {
        KernelStore store = KernelStore.open(kernels, archive);
        store.current(Progress.NONE);
        archive.state = "2";
        assertEquals("6.1.2", store.current(Progress.NONE).description().version());
        archive.state = "3";
        archive.offline = true;
        assertEquals("6.1.2", store.current(Progress.NONE).description().version(), "no network: the one we have");
    }

    @Test
    void aDamagedKernelIsUnpackedAgain() throws IOException {
        KernelStore store = KernelStore.open(kernels, archive);
        Kernel kernel = store.current(Progress.NONE);
        Files.write(kernel.vmlinuz(), new byte[3]);
        assertNull(store.find(kernel.sha256()));
        assertEquals(kernel, store.current(Progress.NONE));
        assertEquals(kernel.sha256(), KernelPackage.sha256(Files.readAllBytes(kernel.vmlinuz())));
    }

    @Test
    void aKernelOfTheRightSizeThatWasWrittenToIsUnpackedAgain() throws IOException {
        KernelStore store = KernelStore.open(kernels, archive);
        Kernel kernel = store.current(Progress.NONE);
        for (Path file : List.of(kernel.vmlinuz(), kernel.bootFile(),
                kernel.module(kernel.description().modules().getFirst()))) {
            byte[] good = Files.readAllBytes(file);
            byte[] bad = good.clone();
            bad[bad.length / 2] ^= 1;
            Files.write(file, bad);
            Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.from(Instant.now().plusSeconds(9)));
            assertNull(store.find(kernel.sha256()), file.toString());
            assertEquals(kernel, store.current(Progress.NONE));
            assertArrayEquals(good, Files.readAllBytes(file));
        }
    }

    @Test
    void damageAndMismatchAreTold() throws IOException {
        KernelStore store = KernelStore.open(kernels, archive);
        Failure moved = assertThrows(Failure.class, () -> store.require("b".repeat(64), "linux-image-" + RELEASE,
                Progress.NONE));
        assertEquals(Failure.Kind.UNAVAILABLE, moved.kind());
        assertTrue(moved.getMessage().contains("the archive now has"), moved.getMessage());
        assertEquals(Failure.Kind.UNTRUSTED, assertThrows(Failure.class,
                () -> store.require("b".repeat(64), "evil-package", Progress.NONE)).kind());
        Path deb = archive.debs.get("linux-image-" + RELEASE);
        byte[] bytes = Files.readAllBytes(deb);
        Files.write(deb, java.util.Arrays.copyOf(bytes, bytes.length / 2));
        archive.state = "9";
        Failure cut = assertThrows(Failure.class, () -> store.current(Progress.NONE));
        assertEquals(Failure.Kind.UNTRUSTED, cut.kind());
        assertTrue(cut.getMessage().contains("damaged"), cut.getMessage());
        assertNoLeftovers();
    }

    @Test
    void unfinishedFoldersOfTheDeadAreRemoved() throws IOException {
        Files.createDirectories(kernels.resolve("tmp.4194399.1/modules"));
        Files.write(kernels.resolve("tmp.4194399.1/vmlinuz"), new byte[10]);
        KernelStore.open(kernels, archive);
        assertNoLeftovers();
    }

    private void assertNoLeftovers() throws IOException {
        try (Stream<Path> files = Files.list(kernels)) {
            assertTrue(files.noneMatch(file -> file.getFileName().toString().startsWith("tmp.")));
        }
    }
}

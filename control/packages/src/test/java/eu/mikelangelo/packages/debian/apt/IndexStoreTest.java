package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexStoreTest {
    @TempDir
    Path folder;

    private IndexStore store(AptConfig config) {
        return new IndexStore(config, folder.resolve("index"), new Fetcher(config));
    }

    private static Archive archive() throws IOException {
        Archive archive = new Archive();
        archive.add("alpha", "1.0-1", new byte[10], "Depends: beta (>= 2), virtual");
        archive.add("beta", "2.0", new byte[11], "Source: betasource (2)", "Essential: yes");
        archive.add("gamma", "3", new byte[12], "Provides: virtual (= 7), other");
        archive.publish();
        return archive;
    }

    @Test
    void indexIsVerifiedBuiltAndSearched() throws IOException {
        try (Archive archive = archive()) {
            PackageIndex index = store(archive.config(folder)).open(false, Progress.NONE);
            assertEquals("1.0-1", index.packages("alpha").getFirst().version());
            assertEquals("betasource", index.packages("beta").getFirst().source());
            assertEquals(archive.url() + "/pool/alpha_1.0-1.deb", index.packages("alpha").getFirst().url());
            assertEquals(List.of("gamma"), index.providers("virtual").stream().map(PackageEntry::name).toList());
            assertEquals(List.of(), index.packages("virtual"));
            assertEquals(List.of(), index.packages("zeta"));
            assertEquals(List.of("beta"), index.essential().stream().map(PackageEntry::name).toList());
        }
    }

    @Test
    void aFreshIndexAsksNobodyAndARefreshIsConditional() throws IOException {
        try (Archive archive = archive()) {
            AptConfig config = archive.config(folder);
            store(config).open(false, Progress.NONE);
            int asked = archive.requests().size();
            store(config).open(false, Progress.NONE);
            assertEquals(asked, archive.requests().size());
            store(config).open(true, Progress.NONE);
            assertEquals(List.of("/dists/stable/InRelease 304"), archive.requests().subList(asked, archive.requests()
                    .size()));
            archive.add("delta", "4", new byte[4]);
            archive.publish();
            assertEquals("4", store(config).open(true, Progress.NONE).packages("delta").getFirst().version());
        }
    }

    @Test
    void anotherKeyIsRefused() throws IOException {
        try (Archive archive = archive()) {
            AptConfig config = archive.config(folder, Archive.newKey());
            Failure failure = assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertTrue(failure.getMessage().contains("none of which is among"), failure.getMessage());
        }
    }

    @Test
    void aChangedReleaseIsRefused() throws IOException {
        try (Archive archive = archive()) {
            String text = new String(archive.file("/dists/stable/InRelease"), StandardCharsets.UTF_8);
            archive.put("/dists/stable/InRelease", text.replace("Codename: test", "Codename: tess")
                    .getBytes(StandardCharsets.UTF_8));
            AptConfig config = archive.config(folder);
            Failure failure = assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertTrue(failure.getMessage().contains("does not fit its content"), failure.getMessage());
        }
    }

    @Test
    void textAroundTheSignedPartIsNotBelieved() throws IOException {
        try (Archive archive = archive()) {
            String text = new String(archive.file("/dists/stable/InRelease"), StandardCharsets.UTF_8);
            archive.put("/dists/stable/InRelease", ("Suite: evil\n\n" + text).getBytes(StandardCharsets.UTF_8));
            AptConfig config = archive.config(folder);
            assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
        }
    }

    @Test
    void expiredForeignAndFutureReleasesAreRefused() throws IOException {
        String[][] faults = {{"Valid-Until", Archive.date(Instant.now().minusSeconds(3_600)), "valid until"},
            {"Suite", "unstable", "is of suite"}, {"Date", Archive.date(Instant.now().plusSeconds(400_000)), "future"}};
        for (String[] fault : faults) {
            try (Archive archive = archive()) {
                archive.releaseFields.put("Codename", "other");
                archive.releaseFields.put(fault[0], fault[1]);
                archive.publish();
                AptConfig config = archive.config(folder.resolve(fault[0]));
                Failure failure = assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
                assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
                assertTrue(failure.getMessage().contains(fault[2]), failure.getMessage());
            }
        }
    }

    @Test
    void anOlderReleaseDoesNotReplaceANewerOne() throws IOException {
        try (Archive archive = archive()) {
            AptConfig config = archive.config(folder);
            store(config).open(false, Progress.NONE);
            archive.releaseFields.put("Date", Archive.date(Instant.now().minusSeconds(500_000)));
            archive.publish();
            Failure failure = assertThrows(Failure.class, () -> store(config).open(true, Progress.NONE));
            assertTrue(failure.getMessage().contains("older than"), failure.getMessage());
            assertEquals("3", store(config).open(false, Progress.NONE).packages("gamma").getFirst().version());
        }
    }

    @Test
    void packagesThatDoNotFitTheReleaseAreRefused() throws IOException {
        try (Archive archive = archive()) {
            for (String path : List.copyOf(archive.requests())) {
                assertFalse(path.isEmpty());
            }
            AptConfig config = archive.config(folder);
            archive.releaseFields.put("Acquire-By-Hash", "no");
            archive.publish();
            String release = new String(archive.file("/dists/stable/InRelease"), StandardCharsets.UTF_8);
            int size = Integer.parseInt(release.replaceFirst("(?s).* ([0-9]+) main/binary.*", "$1"));
            archive.put("/dists/stable/main/binary-amd64/Packages.gz", new byte[size]);
            Failure failure = assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertTrue(failure.getMessage().contains("SHA-256"), failure.getMessage());
        }
    }

    @Test
    void anOfflineHostWorksOnWithANote() throws IOException {
        AptConfig config;
        try (Archive archive = archive()) {
            config = archive.config(folder);
            store(config).open(false, Progress.NONE);
        }
        aged();
        IndexStore store = store(config);
        assertEquals("2.0", store.open(false, Progress.NONE).packages("beta").getFirst().version());
        assertTrue(store.notes().getFirst().contains("last known index"), store.notes().toString());
        assertThrows(Failure.class, () -> store.open(true, Progress.NONE));
    }

    @Test
    void anIndexWhoseDownloadIsCutOffLeavesTheLastKnownOne() throws IOException {
        try (Archive archive = archive()) {
            AptConfig config = archive.config(folder);
            store(config).open(false, Progress.NONE);
            archive.add("delta", "4", new byte[4]);
            archive.publish();
            archive.cut = ".*/by-hash/.*";
            archive.cutAfter = 20;
            assertThrows(Failure.class, () -> store(config).open(true, Progress.NONE), "a refresh says so");
            aged();
            IndexStore store = store(config);
            assertEquals("3", store.open(false, Progress.NONE).packages("gamma").getFirst().version());
            assertTrue(store.notes().getFirst().contains("last known index"), store.notes().toString());
            archive.cutAfter = 0;
            assertEquals("4", store(config).open(true, Progress.NONE).packages("delta").getFirst().version());
        }
    }

    @Test
    void aRefusedReleaseIsNotTakenForTheOneWeHave() throws IOException {
        try (Archive archive = archive()) {
            AptConfig config = archive.config(folder);
            store(config).open(false, Progress.NONE);
            archive.releaseFields.put("Date", Archive.date(Instant.now().minusSeconds(500_000)));
            archive.publish();
            for (int i = 0; i < 2; i++) {
                Failure failure = assertThrows(Failure.class, () -> store(config).open(true, Progress.NONE));
                assertTrue(failure.getMessage().contains("older than"), "each time: " + failure.getMessage());
            }
        }
    }

    /** Makes the index one that must be asked for again. */
    private void aged() throws IOException {
        try (var files = Files.list(folder.resolve("index"))) {
            Path state = files.filter(f -> f.toString().endsWith(".state")).findFirst().orElseThrow();
            Files.writeString(state, "tried\t1000\nchecked\t1000\n");
        }
    }

    @Test
    void aBrokenThirdPartyIsLeftOutWithANote() throws IOException {
        try (Archive archive = archive()) {
            AptConfig good = archive.config(folder);
            List<AptSource> sources = new ArrayList<>(good.sources());
            sources.add(new AptSource("http://127.0.0.1:1/none", "x", List.of("main"), List.of(), "", List.of(), false,
                    true));
            IndexStore store = store(AptConfig.of(sources));
            assertEquals("3", store.open(false, Progress.NONE).packages("gamma").getFirst().version());
            assertTrue(store.notes().getFirst().contains("left out http://127.0.0.1:1/none"), store.notes().toString());
        }
    }

    @Test
    void aDamagedIndexFileIsMadeAnew() throws IOException {
        try (Archive archive = archive()) {
            AptConfig config = archive.config(folder);
            store(config).open(false, Progress.NONE);
            try (var files = Files.list(folder.resolve("index"))) {
                Files.writeString(files.filter(f -> f.toString().endsWith(".index")).findFirst().orElseThrow(),
                        "short");
            }
            assertEquals("3", store(config).open(false, Progress.NONE).packages("gamma").getFirst().version());
        }
    }
}

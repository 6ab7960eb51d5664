package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.doubles.Mirror;
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

    private static Mirror mirror() throws IOException {
        Mirror mirror = new Mirror();
        mirror.add("alpha", "1.0-1", new byte[10], "Depends: beta (>= 2), virtual");
        mirror.add("beta", "2.0", new byte[11], "Source: betasource (2)", "Essential: yes");
        mirror.add("gamma", "3", new byte[12], "Provides: virtual (= 7), other");
        mirror.publish();
        return mirror;
    }

    @Test
    void indexIsVerifiedBuiltAndSearched() throws IOException {
        try (Mirror mirror = mirror()) {
            PackageIndex index = store(MirrorConfig.of(mirror, folder)).open(false, Progress.NONE);
            assertEquals("1.0-1", index.packages("alpha").getFirst().version());
            assertEquals("betasource", index.packages("beta").getFirst().source());
            assertEquals(mirror.url() + "/pool/alpha_1.0-1.deb", index.packages("alpha").getFirst().url());
            assertEquals(List.of("gamma"), index.providers("virtual").stream().map(PackageEntry::name).toList());
            assertEquals(List.of(), index.packages("virtual"));
            assertEquals(List.of(), index.packages("zeta"));
            assertEquals(List.of("beta"), index.essential().stream().map(PackageEntry::name).toList());
        }
    }

    @Test
    void aFreshIndexAsksNobodyAndARefreshIsConditional() throws IOException {
        try (Mirror mirror = mirror()) {
            AptConfig config = MirrorConfig.of(mirror, folder);
            store(config).open(false, Progress.NONE);
            int asked = mirror.requests().size();
            store(config).open(false, Progress.NONE);
            assertEquals(asked, mirror.requests().size());
            store(config).open(true, Progress.NONE);
            assertEquals(List.of("/dists/stable/InRelease 304"), mirror.requestsAfter(asked));
            mirror.add("delta", "4", new byte[4]);
            mirror.publish();
            assertEquals("4", store(config).open(true, Progress.NONE).packages("delta").getFirst().version());
        }
    }

    @Test
    void anotherKeyIsRefused() throws IOException {
        try (Mirror mirror = mirror()) {
            AptConfig config = MirrorConfig.of(mirror, folder);
            mirror.publishAsStranger();
            Failure failure = assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertTrue(failure.getMessage().contains("none of which is among"), failure.getMessage());
        }
    }

    @Test
    void aChangedReleaseIsRefused() throws IOException {
        try (Mirror mirror = mirror()) {
            String text = new String(mirror.file("/dists/stable/InRelease"), StandardCharsets.UTF_8);
            mirror.put("/dists/stable/InRelease", text.replace("Codename: test", "Codename: tess")
                    .getBytes(StandardCharsets.UTF_8));
            AptConfig config = MirrorConfig.of(mirror, folder);
            Failure failure = assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertTrue(failure.getMessage().contains("does not fit its content"), failure.getMessage());
        }
    }

    @Test
    void textAroundTheSignedPartIsNotBelieved() throws IOException {
        try (Mirror mirror = mirror()) {
            String text = new String(mirror.file("/dists/stable/InRelease"), StandardCharsets.UTF_8);
            mirror.put("/dists/stable/InRelease", ("Suite: evil\n\n" + text).getBytes(StandardCharsets.UTF_8));
            AptConfig config = MirrorConfig.of(mirror, folder);
            assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
        }
    }

    @Test
    void expiredForeignAndFutureReleasesAreRefused() throws IOException {
        String[][] faults = {{"Valid-Until", Mirror.date(Instant.now().minusSeconds(3_600)), "valid until"},
            {"Suite", "unstable", "is of suite"}, {"Date", Mirror.date(Instant.now().plusSeconds(400_000)), "future"}};
        for (String[] fault : faults) {
            try (Mirror mirror = mirror()) {
                mirror.release().put("Codename", "other");
                mirror.release().put(fault[0], fault[1]);
                mirror.publish();
                AptConfig config = MirrorConfig.of(mirror, folder.resolve(fault[0]));
                Failure failure = assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
                assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
                assertTrue(failure.getMessage().contains(fault[2]), failure.getMessage());
            }
        }
    }

    @Test
    void anOlderReleaseDoesNotReplaceANewerOne() throws IOException {
        try (Mirror mirror = mirror()) {
            AptConfig config = MirrorConfig.of(mirror, folder);
            store(config).open(false, Progress.NONE);
            mirror.release().put("Date", Mirror.date(Instant.now().minusSeconds(500_000)));
            mirror.publish();
            Failure failure = assertThrows(Failure.class, () -> store(config).open(true, Progress.NONE));
            assertTrue(failure.getMessage().contains("older than"), failure.getMessage());
            assertEquals("3", store(config).open(false, Progress.NONE).packages("gamma").getFirst().version());
        }
    }

    @Test
    void packagesThatDoNotFitTheReleaseAreRefused() throws IOException {
        try (Mirror mirror = mirror()) {
            AptConfig config = MirrorConfig.of(mirror, folder);
            mirror.release().put("Acquire-By-Hash", "no");
            mirror.publish();
            String release = new String(mirror.file("/dists/stable/InRelease"), StandardCharsets.UTF_8);
            int size = Integer.parseInt(release.replaceFirst("(?s).* ([0-9]+) main/binary.*", "$1"));
            mirror.put("/dists/stable/main/binary-amd64/Packages.gz", new byte[size]);
            Failure failure = assertThrows(Failure.class, () -> store(config).open(false, Progress.NONE));
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertTrue(failure.getMessage().contains("SHA-256"), failure.getMessage());
        }
    }

    @Test
    void anOfflineHostWorksOnWithANote() throws IOException {
        AptConfig config;
        try (Mirror mirror = mirror()) {
            config = MirrorConfig.of(mirror, folder);
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
        try (Mirror mirror = mirror()) {
            AptConfig config = MirrorConfig.of(mirror, folder);
            store(config).open(false, Progress.NONE);
            mirror.add("delta", "4", new byte[4]);
            mirror.publish();
            mirror.cut(".*/by-hash/.*", 20);
            assertThrows(Failure.class, () -> store(config).open(true, Progress.NONE), "a refresh says so");
            aged();
            IndexStore store = store(config);
            assertEquals("3", store.open(false, Progress.NONE).packages("gamma").getFirst().version());
            assertTrue(store.notes().getFirst().contains("last known index"), store.notes().toString());
            mirror.heal();
            assertEquals("4", store(config).open(true, Progress.NONE).packages("delta").getFirst().version());
        }
    }

    @Test
    void aRefusedReleaseIsNotTakenForTheOneWeHave() throws IOException {
        try (Mirror mirror = mirror()) {
            AptConfig config = MirrorConfig.of(mirror, folder);
            store(config).open(false, Progress.NONE);
            mirror.release().put("Date", Mirror.date(Instant.now().minusSeconds(500_000)));
            mirror.publish();
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
        try (Mirror mirror = mirror()) {
            AptConfig good = MirrorConfig.of(mirror, folder);
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
        try (Mirror mirror = mirror()) {
            AptConfig config = MirrorConfig.of(mirror, folder);
            store(config).open(false, Progress.NONE);
            try (var files = Files.list(folder.resolve("index"))) {
                Files.writeString(files.filter(f -> f.toString().endsWith(".index")).findFirst().orElseThrow(),
                        "short");
            }
            assertEquals("3", store(config).open(false, Progress.NONE).packages("gamma").getFirst().version());
        }
    }
}

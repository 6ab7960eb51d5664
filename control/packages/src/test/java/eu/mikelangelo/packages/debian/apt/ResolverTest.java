package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolverTest {
    @TempDir
    Path folder;
    private int made;

    /** @param stanzas "name version; Field: value; …" one a line */
    private PackageIndex index(String stanzas) throws IOException {
        Path file = folder.resolve("index" + made++);
        try (IndexWriter writer = new IndexWriter(file, "amd64")) {
            int serial = 0;
            for (String line : stanzas.strip().split("\n")) {
                String[] parts = line.strip().split(";\\s*");
                String[] head = parts[0].strip().split("\\s+");
                StringBuilder text = new StringBuilder("Package: " + head[0] + "\nVersion: " + head[1]
                        + "\nSize: 1\nSHA256: "
                        + String.format("%064x", ++serial) + "\nFilename: pool/" + head[0] + ".deb\n");
                for (int i = 1; i < parts.length; i++) {
                    text.append(parts[i]).append('\n');
                }
                Map<String, String> stanza = new Stanzas(new StringReader(text.toString())).next();
                writer.add(stanza, "http://example.org", true);
            }
            writer.finish("0".repeat(64));
        }
        return PackageIndex.open(file);
    }

    private List<String> names(String stanzas, String... wanted) throws IOException {
        return new Resolver(index(stanzas), "amd64").resolve(List.of(wanted), false).members().stream()
                .map(m -> m.entry().name()).toList();
    }

    @Test
    void whatIsRecommendedComesInWhereItCanBeHad() throws IOException {
        String world = """
                a 1; Recommends: a-data, gone-data, broken-data, rival-data; Depends: b
                a-data 1; Depends: c
                b 1
                broken-data 1; Depends: nowhere
                c 1
                rival-data 1; Conflicts: b
                """;
        assertEquals(List.of("a", "b", "a-data", "c"), names(world, "a"));
    }

    @Test
    void alternativesTakeTheFirstThatCanBeSatisfied() throws IOException {
        String world = """
                a 1; Depends: gone | b (>= 5) | c | d
                b 4
                c 1; Depends: alsogone
                d 1
                """;
        assertEquals(List.of("a", "d"), names(world, "a"));
    }

    @Test
    void whatIsChosenAlreadyCountsFirst() throws IOException {
        assertEquals(List.of("a", "z", "b"), names("""
                a 1; Depends: z, b
                b 1; Depends: y | z
                y 1
                z 1
                """, "a"));
    }

    @Test
    void realPackagesComeBeforeProvidersAndVersionsCount() throws IOException {
        assertEquals(List.of("a", "mail"), names("a 1; Depends: mail\nmail 1\nother 1; Provides: mail", "a"));
        assertEquals(List.of("a", "p2"), names("""
                a 1; Depends: api (>= 2)
                p1 1; Provides: api
                p2 1; Provides: api (= 2.1)
                """, "a"));
    }

    @Test
    void providersOfHigherPriorityComeFirst() throws IOException {
        assertEquals(List.of("a", "mawk"), names("""
                a 1; Depends: awk
                gawk 1; Provides: awk; Priority: optional
                mawk 1; Provides: awk; Priority: required
                """, "a"));
    }

    @Test
    void theNewestVersionOfAllSourcesIsTakenIfItFits() throws IOException {
        PackageIndex index = index("a 1; Depends: b\na 2; Depends: b (<< 2)\nb 1\nb 3");
        Closure closure = new Resolver(index, "amd64").resolve(List.of("a"), false);
        assertEquals("2", closure.member("a").entry().version());
        assertEquals("1", closure.member("b").entry().version());
    }

    @Test
    void cyclesAreFine() throws IOException {
        assertEquals(List.of("a", "b", "c"), names("a 1; Depends: b\nb 1; Pre-Depends: c\nc 1; Depends: a, b", "a"));
    }

    @Test
    void conflictsAreAvoidedWhereAnAlternativeExistsAndToldOtherwise() throws IOException {
        assertEquals(List.of("a", "x", "z"), names("""
                a 1; Depends: x, y | z
                x 1; Conflicts: y
                y 1
                z 1
                """, "a"));
        Closure closure = new Resolver(index("a 1; Depends: x, y\nx 1; Breaks: y (<< 2)\ny 1"), "amd64")
                .resolve(List.of("a"), false);
        assertEquals(1, closure.warnings().size());
        assertTrue(closure.warnings().getFirst().contains("x 1 conflicts with or breaks y (<< 2)"));
    }

    @Test
    void unknownNamesComeWithTheNearest() throws IOException {
        PackageIndex index = index("memcached 1\nnginx 1\nlibmemcached11 1\nnginx-common 1");
        Failure failure = assertThrows(Failure.class,
                () -> new Resolver(index, "amd64").resolve(List.of("memcahced"), false));
        assertEquals(Failure.Kind.NOT_FOUND, failure.kind());
        assertEquals("Did you mean memcached?", failure.hint());
        failure = assertThrows(Failure.class, () -> new Resolver(index, "amd64").resolve(List.of("ngin"), false));
        assertEquals("Did you mean nginx, nginx-common?", failure.hint());
    }

    @Test
    void missingDependenciesAreNamedWithTheirChain() throws IOException {
        PackageIndex index = index("a 1; Depends: b\nb 1; Depends: c\nc 1; Depends: nowhere (>= 3)");
        Failure failure = assertThrows(Failure.class, () -> new Resolver(index, "amd64").resolve(List.of("a"), false));
        assertTrue(failure.getMessage().contains("a → b → c needs nowhere (>= 3)"), failure.getMessage());
    }

    @Test
    void virtualNamesWithSeveralProvidersAskBack() throws IOException {
        PackageIndex index = index("p 1; Provides: v\nq 1; Provides: v");
        Failure failure = assertThrows(Failure.class, () -> new Resolver(index, "amd64").resolve(List.of("v"), false));
        assertTrue(failure.getMessage().contains("p, q"), failure.getMessage());
    }

    @Test
    void essentialPackagesComeMarked() throws IOException {
        Closure closure = new Resolver(index("a 1\nbase 1; Essential: yes; Depends: lib\nlib 1"), "amd64")
                .resolve(List.of("a"), true);
        assertEquals(List.of(false, true, true), closure.members().stream().map(Closure.Member::essential).toList());
        assertEquals(closure, Closure.read(closure.write()).members().size() == 3 ? closure : null);
    }

    /** Random worlds: the closure is closed, holds nothing that no member asks for, and is the same each time. */
    @Test
    void closuresAreClosedNeededAndDeterministic() throws IOException {
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            StringBuilder world = new StringBuilder();
            for (int p = 0; p < 40; p++) {
                world.append('p').append(p).append(' ').append(1 + random.nextInt(3)).append("; Provides: v")
                        .append(random.nextInt(5)).append("; Depends: p0");
                for (int d = random.nextInt(4); d > 0; d--) {
                    world.append(", p").append(random.nextInt(44)).append(" (>= ").append(1 + random.nextInt(3))
                            .append(") | v")
                            .append(random.nextInt(6)).append(" | p").append(random.nextInt(40));
                }
                world.append('\n');
            }
            PackageIndex index = index(world.toString());
            Closure closure;
            try {
                closure = new Resolver(index, "amd64").resolve(List.of("p1"), false);
            } catch (Failure e) {
                assertEquals(Failure.Kind.NOT_FOUND, e.kind());
                continue;
            }
            assertEquals(closure, new Resolver(index, "amd64").resolve(List.of("p1"), false));
            boolean[] needed = new boolean[closure.members().size()];
            needed[0] = true;
            for (Closure.Member member : closure.members()) {
                member.requires().forEach(r -> needed[r] = true);
                for (List<Dependency> group : member.entry().requires("amd64")) {
                    assertTrue(group.stream().anyMatch(d -> closure.members().stream()
                            .anyMatch(m -> m.entry().fulfils(d, "amd64"))), "seed " + seed + ": " + member + " lacks "
                            + group);
                }
            }
            for (boolean one : needed) {
                assertTrue(one, "seed " + seed + " holds what nobody asked for");
            }
        }
    }
}

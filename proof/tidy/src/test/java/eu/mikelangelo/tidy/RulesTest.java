package eu.mikelangelo.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.tidy.Repository.Source;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The checker is checked: each rule finds what it forbids and leaves alone what it does not. */
class RulesTest {

    @Test
    void longLinesAndFilesAreFound() {
        assertEquals(1, Rules.tooLong(source("a", "x".repeat(121)), 10).size());
        assertEquals(1, Rules.tooLong(source("a", "1", "2", "3"), 2).size());
        assertEquals(List.of(), Rules.tooLong(source("a", "x".repeat(120)), 10));
    }

    @Test
    void bannedCallsAreFoundInCodeButNotInComments() {
        assertEquals(1, Rules.banned(source("a", "long t = System.nanoTime();")).size());
        assertEquals(1, Rules.banned(source("a", "list.stream().map(x)")).size());
        assertEquals(List.of(), Rules.banned(source("a", " * never System.nanoTime()", "x(); // synchronized")));
    }

    @Test
    void upwardArrowsAndLibrariesBelowControlAreFound() {
        Source up = source("dataplane/virtio/src/main/java/module-info.java", "requires eu.mikelangelo.linux;");
        assertEquals(1, Rules.arrows(up).size());
        Source library = source("ground/memory/src/main/java/module-info.java", "requires transitive info.picocli;");
        assertEquals(1, Rules.arrows(library).size());
        Source unknown = source("ground/new/src/main/java/module-info.java", "");
        assertEquals(1, Rules.arrows(unknown).size());
        Source right = source("dataplane/vhost/src/main/java/module-info.java",
                "requires transitive eu.mikelangelo.linux;", "requires java.logging;");
        assertEquals(List.of(), Rules.arrows(right));
    }

    @Test
    void deadLinksAreFound() {
        Source page = source("docs/a.md", "[x](b.md) [y](https://example.org) [z](../README.md#top)");
        assertEquals(1, Rules.deadLinks(page, "README.md"::equals).size());
        assertTrue(Rules.deadLinks(page, path -> true).isEmpty());
    }

    @Test
    void versionsOutsideTheRootAreFound() {
        assertEquals(List.of(), Rules.versions(source("a/pom.xml", "<parent><version>1</version></parent>")));
        assertEquals(1, Rules.versions(source("a/pom.xml", "<dependency><version>1</version></dependency>")).size());
    }

    @Test
    void unfinishedMarksAreFound() {
        assertEquals(1, Rules.unfinished(source("a", "// TO" + "DO later")).size());
        assertEquals(List.of(), Rules.unfinished(source("a", "a todo list")));
    }

    private static Source source(String path, String... lines) {
        return new Source(path, List.of(lines));
    }
}

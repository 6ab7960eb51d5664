package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** An application of one's own: in the foreground, as an image file, with its exit code. */
@Tag("boot")
class HelloTest {
    private static final Mike MIKE = new Mike("main");

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    void theForegroundShowsTheApplicationAndNothingElse() {
        Mike.Result hello = MIKE.run("run", "./examples/hello", "--env", "NAME=Ada").ok();
        assertTrue(hello.out().contains("Ada"), hello.out());
        assertTrue(hello.out().lines().count() <= 3, "more than the application on standard output:\n" + hello.out());
    }

    @Test
    void itsExitCodeIsOurs() {
        assertEquals(7, MIKE.run("run", "./examples/hello", "--env", "CODE=7").code());
    }

    @Test
    void oneFileIsAnImageThatRuns() throws IOException {
        Path image = MIKE.home().resolve("hello.img");
        Files.createDirectories(MIKE.home());
        MIKE.run("compose", "./examples/hello", "-o", image.toString()).ok();
        JsonNode inspected = MIKE.run("image", "inspect", image.toString(), "--json").json();
        assertTrue(inspected.toString().contains("kernel"), inspected.toString());
        assertTrue(Files.size(image) <= 1_500_000, "hello without the kernel takes " + Files.size(image));
        assertEquals(3, MIKE.run("run", image.toString(), "--env", "CODE=3").code());
        assertTrue(MIKE.run("images").ok().out().contains("hello"));
    }

    @Test
    void composingTwiceGivesTheSameBytes() throws IOException {
        Path one = MIKE.home().resolve("one.img");
        Path two = MIKE.home().resolve("two.img");
        Files.createDirectories(MIKE.home());
        MIKE.run("compose", "./examples/hello", "-o", one.toString()).ok();
        MIKE.run("compose", "./examples/hello", "-o", two.toString()).ok();
        assertEquals(-1, Files.mismatch(one, two));
    }
}

package eu.mikelangelo.agent.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class LogFollowerTest {
    @TempDir
    Path folder;

    private String tail(int lines) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new LogFollower(folder.resolve("console.log")).copyPresent(out, lines);
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theTailReachesIntoTheRotatedPart() throws Exception {
        Path log = folder.resolve("console.log");
        assertEquals("", tail(3), "no log yet");
        Files.writeString(log, "d\ne\nf");
        assertEquals("e\nf", tail(2));
        assertEquals("", tail(0));
        assertEquals("d\ne\nf", tail(10));
        Files.writeString(folder.resolve("console.log.1"), "a\nb\nc\n");
        assertEquals("c\nd\ne\nf", tail(4));
        assertEquals("a\nb\nc\nd\ne\nf", tail(-1));
        assertEquals("d\ne\nf", tail(3));
        assertEquals("f", tail(1));
    }

    @Test
    void theTailOfALongLogIsFoundFromTheEnd() throws Exception {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 40_000; i++) {
            text.append("line ").append(i).append('\n');
        }
        Files.writeString(folder.resolve("console.log"), text);
        assertEquals("line 39998\nline 39999\n", tail(2));
        assertEquals(15_000, tail(15_000).lines().count());
        assertEquals("line 25000", tail(15_000).lines().findFirst().orElseThrow());
    }

    @Test
    void followingLosesNothingWhenTheLogRotates() throws Exception {
        Path log = folder.resolve("console.log");
        Files.writeString(log, "");
        CountDownLatch begun = new CountDownLatch(1);
        AtomicBoolean over = new AtomicBoolean();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Thread reader = Thread.ofPlatform().start(() -> {
            try {
                LogFollower follower = new LogFollower(log);
                follower.copyPresent(out, -1);
                begun.countDown();
                follower.follow(out, over::get, () -> false);
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        begun.await(5, TimeUnit.SECONDS);
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            String line = "line " + i + "\n";
            expected.append(line);
            Files.writeString(log, line, StandardOpenOption.APPEND, StandardOpenOption.CREATE);
            if (i % 50 == 49) {
                // A rotation a follower may miss is two within its period; machines rotate megabytes, not lines.
                Thread.sleep(100);
                Files.move(log, folder.resolve("console.log.1"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                Files.writeString(log, "");
            }
        }
        over.set(true);
        reader.join();
        assertEquals(expected.toString(), out.toString(StandardCharsets.UTF_8));
    }
}

package eu.mikelangelo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.agent.api.Fields;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ProgressLineTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private static Fields event(String step, long done, long total) {
        return new Fields(Map.of("step", step, "done", done, "total", total));
    }

    private ProgressLine line(boolean terminal, int columns, long quietNs) {
        return new ProgressLine(new PrintStream(err, true), terminal, () -> columns, quietNs);
    }

    /** Waits until a text was written: redraws are another thread's. */
    private void awaitText(String text) throws InterruptedException {
        for (int i = 0; i < 500 && !err.toString().contains(text); i++) {
            Thread.sleep(10);
        }
        assertTrue(err.toString().contains(text), err.toString());
    }

    /** What a line on a terminal looks like, without the control characters around it. */
    private String drawn(int columns, String step, long done, long total) throws InterruptedException {
        err.reset();
        try (ProgressLine line = line(true, columns, 0)) {
            line.accept(event(step, done, total));
            awaitText("\u001b[K");
            awaitText(step.substring(0, 4));
            String text = err.toString();
            return text.substring(text.lastIndexOf('\r') + 1, text.lastIndexOf("\u001b[K"));
        }
    }

    @Test
    void nothingIsSaidWithinTheFirstSecond() {
        for (boolean terminal : new boolean[] {true, false}) {
            try (ProgressLine line = line(terminal, 80, 60_000_000_000L)) {
                line.accept(event("downloading", 1, 4));
                line.accept(event("booting", 0, 0));
            }
        }
        assertEquals("", err.toString());
    }

    @Test
    void offATerminalEachStepIsALine() {
        try (ProgressLine line = line(false, 80, 0)) {
            line.accept(event("downloading", 1 << 20, 4 << 20));
            line.accept(event("downloading", 2 << 20, 4 << 20));
            line.accept(event("booting", 0, 0));
        }
        assertEquals("downloading\nbooting\n", err.toString());
    }

    @Test
    void simultaneousDownloadsAreEachSaidOnce() {
        try (ProgressLine line = line(false, 80, 0)) {
            for (int i = 0; i < 50; i++) {
                line.accept(event(i % 2 == 0 ? "downloading libc6" : "downloading memcached", i, 100));
            }
        }
        assertEquals("downloading libc6\ndownloading memcached\n", err.toString());
    }

    @Test
    void simultaneousDownloadsDoNotFlickerOnATerminal() throws Exception {
        long start = System.nanoTime();
        try (ProgressLine line = line(true, 80, 0)) {
            for (int i = 0; i < 200; i++) {
                line.accept(event(i % 2 == 0 ? "downloading libc6" : "downloading memcached", i, 1000));
                Thread.sleep(1);
            }
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        String[] draws = err.toString().split("\r");
        int changes = 0;
        for (int i = 2; i < draws.length - 1; i++) {
            changes += draws[i].startsWith(draws[i - 1].substring(0, 17)) ? 0 : 1;
        }
        assertTrue(changes <= millis / 700, err.toString());
        assertTrue(draws.length <= millis / 100 + 5, "ten times a second at most");
    }

    @Test
    void onATerminalTheLineIsDrawnOverAndWiped() throws Exception {
        try (ProgressLine line = line(true, 80, 0)) {
            line.accept(event("booting", 0, 0));
            awaitText("booting");
            line.accept(event("waiting", 0, 0));
            awaitText("waiting");
        }
        assertTrue(err.toString().endsWith("\rbooting\u001b[K\rwaiting\u001b[K\r\u001b[K"), err.toString());
    }

    @Test
    void bytesAndPercentAreShownAsFarAsTheyFit() throws Exception {
        assertEquals("downloading libc6" + " ".repeat(35) + "  [##########----------]  2M of 4M  50%",
                drawn(92, "downloading libc6", 2 << 20, 4 << 20));
        assertEquals("downloading libc6  2M of 4M  50%", drawn(33, "downloading libc6", 2 << 20, 4 << 20));
        assertEquals("downloadi...  2M of 4M  50%", drawn(28, "downloading libc6", 2 << 20, 4 << 20));
        assertEquals("downloa...", drawn(11, "downloading libc6", 2 << 20, 4 << 20));
        assertEquals("reading  3/12  25%", drawn(19, "reading", 3, 12));
    }

    @Test
    void aNoteStaysEverywhere() throws Exception {
        for (boolean terminal : new boolean[] {true, false}) {
            err.reset();
            try (ProgressLine line = line(terminal, 80, 60_000_000_000L)) {
                line.accept(event("note: its recipe is old", 0, 0));
            }
            assertEquals("mike: note: its recipe is old\n", err.toString());
        }
    }

    @Test
    void aLongStepSpeaksUpWhenTheSecondIsOver() throws Exception {
        try (ProgressLine line = line(false, 80, 50_000_000L)) {
            line.accept(event("downloading", 0, 0));
            awaitText("downloading\n");
        }
        assertEquals("downloading\n", err.toString());
    }
}

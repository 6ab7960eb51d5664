package eu.mikelangelo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import eu.mikelangelo.agent.api.Fields;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private static Fields event(String step, long done, long total) {
        return new Fields(Map.of("step", step, "done", done, "total", total));
    }

    private void play(boolean terminal, long quietNs) {
        try (ProgressLine line = new ProgressLine(new PrintStream(err, true), terminal, quietNs)) {
            line.accept(event("downloading", 1 << 20, 4 << 20));
            line.accept(event("downloading", 2 << 20, 4 << 20));
            line.accept(event("booting", 0, 0));
        }
    }

    @Test
    void nothingIsSaidWithinTheFirstSecond() {
        play(true, 60_000_000_000L);
        play(false, 60_000_000_000L);
        assertEquals("", err.toString());
    }

    @Test
    void offATerminalEachStepIsALine() {
        play(false, 0);
        assertEquals("downloading\nbooting\n", err.toString());
    }

    @Test
    void onATerminalOneLineIsDrawnOverAndWiped() {
        play(true, 0);
        assertEquals("\rdownloading 1M of 4M\u001b[K\rdownloading 2M of 4M\u001b[K\rbooting\u001b[K\r\u001b[K",
                err.toString());
    }

    @Test
    void aLongStepSpeaksUpWhenTheSecondIsOver() throws Exception {
        try (ProgressLine line = new ProgressLine(new PrintStream(err, true), false, 50_000_000L)) {
            line.accept(event("downloading", 0, 0));
            for (int i = 0; i < 200 && err.size() == 0; i++) {
                Thread.sleep(10);
            }
            assertEquals("downloading\n", err.toString());
        }
    }
}

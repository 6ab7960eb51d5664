package eu.mikelangelo.cli.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.cli.Style;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jline.terminal.Size;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The screen on a made-up terminal: it is taken, keys are heard, trouble is shown, and it is given back. */
@Timeout(60)
class TopTerminalTest {
    private final PipedOutputStream keys = new PipedOutputStream();
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private final AtomicInteger looks = new AtomicInteger();
    private volatile boolean gone;

    private Fields look() throws IOException {
        if (gone) {
            throw new IOException("the agent ended");
        }
        int look = looks.incrementAndGet();
        return Json.object("{\"state\":\"up\",\"pid\":1,\"timeNs\":" + look + "000000000,\"cores\":[],\"ports\":["
                + "{\"name\":\"web\",\"rxFrames\":" + look * 7000 + ",\"queues\":[]}]}");
    }

    private void shows(String text) throws InterruptedException {
        await(text, () -> screen.toString(StandardCharsets.UTF_8).contains(text));
    }

    private void await(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, what + " is not in " + screen.toString(StandardCharsets.UTF_8));
            Thread.sleep(5);
        }
    }

    @Test
    void keysAndTroubleAndTheEnd() throws Exception {
        try (ExternalTerminal terminal = new ExternalTerminal("test", "xterm", new PipedInputStream(keys), screen,
                StandardCharsets.UTF_8)) {
            terminal.setSize(Size.of(80, 24));
            TopTerminal top = new TopTerminal(this::look, 1, TopScreen.Sort.RATE, new Style(false));
            Fields first = look();
            Thread shower = Thread.ofPlatform().start(() -> {
                try {
                    top.show(terminal, first);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            shows("\u001b[?1049h");
            shows("s sort: rate");
            await("looks of its own", () -> looks.get() > 2);
            keys.write('?');
            shows("sort by the next of: rate, bytes, drops,");
            // Only what differs is drawn: behind the help page the last line is empty, so that all of it is.
            keys.write("p?".getBytes(StandardCharsets.US_ASCII));
            shows("go on (paused)");
            int before = looks.get();
            keys.write('r');
            await("a look when asked for", () -> looks.get() > before);
            gone = true;
            keys.write("?r?".getBytes(StandardCharsets.US_ASCII));
            shows("no answer: the agent ended");
            gone = false;
            keys.write('p');
            int after = looks.get();
            await("going on", () -> looks.get() > after);
            keys.write('q');
            shower.join(20_000);
            assertTrue(!shower.isAlive());
            String all = screen.toString(StandardCharsets.UTF_8);
            assertTrue(all.lastIndexOf("\u001b[?1049l") > all.lastIndexOf("web"), "the screen is given back");
            assertEquals(1, all.split("1049l", -1).length - 1);
        }
    }
}

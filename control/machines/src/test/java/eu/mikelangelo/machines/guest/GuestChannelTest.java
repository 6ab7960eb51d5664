package eu.mikelangelo.machines.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
@SuppressWarnings("try")  // the fake guest is used by being there
final class GuestChannelTest implements GuestChannel.Listener {
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    private Path folder;
    private Path socket;
    private final BlockingQueue<GuestEvent> events = new ArrayBlockingQueue<>(5000);
    private final BlockingQueue<String> ends = new ArrayBlockingQueue<>(10);

    @BeforeEach
    void path() {
        socket = folder.resolve("s");
    }

    @Override
    public void event(GuestEvent event) {
        events.add(event);
    }

    @Override
    public void closed(String reason) {
        ends.add(reason);
    }

    private GuestChannel connect() throws Exception {
        GuestChannel channel = GuestChannel.connect(socket, GuestChannel.First.YES, this);
        channel.awaitWelcome(SOON);
        return channel;
    }

    private static GuestFrame data(int channel, byte[] bytes) {
        return new GuestFrame(GuestFrame.DATA, channel, bytes);
    }

    private static GuestFrame error(int channel, String text) {
        return new GuestFrame(GuestFrame.ERROR, channel, text.getBytes(StandardCharsets.UTF_8));
    }

    /** A QEMU that is killed with unread bytes resets the connection. */
    @Test
    void aResetIsSaidInWordsForPeople() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> g.welcome("mike 1\n")); GuestChannel channel = connect()) {
            channel.signal(1);
            Thread.sleep(300);   // written by now: it lies unread in the guest's socket
            guest.close();
            assertEquals("Connection reset", ends.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void theStatusSoFarComesFirst() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.say("left over from before".getBytes(StandardCharsets.UTF_8));
            g.welcome("mike 1\nstarted 7\n");
            g.say(new GuestFrame(GuestFrame.STATUS, 0, "ready\n".getBytes(StandardCharsets.UTF_8)));
            g.hear(GuestFrame.STOP);
            assertEquals(15, g.hear(GuestFrame.SIGNAL).number(0, 4));
            assertEquals(24 | 80 << 16, g.hear(GuestFrame.RESIZE).number(0, 4));
            g.say(new GuestFrame(GuestFrame.PONG, 0, g.hear(GuestFrame.PING).payload()));
        }); GuestChannel channel = GuestChannel.connect(socket, GuestChannel.First.NO, this)) {
            channel.awaitWelcome(SOON);
            assertEquals(new GuestEvent.Boot(1), events.poll(5, TimeUnit.SECONDS));
            assertEquals(new GuestEvent.Started(7), events.poll(5, TimeUnit.SECONDS));
            assertEquals(new GuestEvent.Ready(), events.poll(5, TimeUnit.SECONDS));
            channel.stop();
            channel.signal(15);
            channel.resize(24, 80);
            assertTrue(channel.ping(SOON) > 0);
        }
    }

    /** Where the guest was ready before it answered: its listener hears of it before awaitWelcome returns. */
    @Test
    void whoHearsThatTheGuestIsReadyMayStartAProgram() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        GuestChannel.Listener listener = new GuestChannel.Listener() {
            @Override
            public void event(GuestEvent event) {
                events.add(event);
                try {
                    assertTrue(begun.await(10, TimeUnit.SECONDS));
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }

            @Override
            public void closed(String reason) { }
        };
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("ready\n");
            assertEquals(1, g.hear(GuestFrame.EXEC).channel());
        }); GuestChannel channel = GuestChannel.connect(socket, GuestChannel.First.YES, listener)) {
            assertEquals(new GuestEvent.Ready(), events.poll(10, TimeUnit.SECONDS));
            channel.exec(GuestChannel.Command.of("true"));
            begun.countDown();
            channel.awaitWelcome(SOON);
        } finally {
            begun.countDown();
        }
    }

    @Test
    void aProgramsStreamsAndExitCode() throws Exception {
        byte[] sent = new byte[1_000_000];
        new Random(3).nextBytes(sent);
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            GuestFrame exec = g.hear(GuestFrame.EXEC);
            assertEquals("0:0\0/tmp\0cat\0-\0", new String(exec.payload(), 0, exec.payload().length - 1,
                    StandardCharsets.UTF_8));
            echo(g, exec.channel());
            g.say(new GuestFrame(GuestFrame.ERRDATA, exec.channel(), new byte[] {'!'}));
            g.say(GuestFrame.of(GuestFrame.END, exec.channel()));
            g.say(GuestFrame.ofNumbers(GuestFrame.EXITED, exec.channel(), 42));
        }); GuestChannel channel = connect()) {
            GuestProcess cat = channel.exec(new GuestChannel.Command(List.of("cat", "-"), "0:0", "/tmp"));
            Thread feeder = Thread.ofVirtual().start(() -> {
                try (var input = cat.input()) {
                    input.write(sent);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertArrayEquals(sent, cat.output().readAllBytes());
            assertEquals("!", new String(cat.error().readAllBytes(), StandardCharsets.UTF_8));
            assertEquals(42, cat.waitFor());
            feeder.join();
        }
    }

    /** Sends everything back and keeps the books of both directions, so that a host that cheats is noticed. */
    private static void echo(FakeGuest g, int channel) {
        int window = GuestFrame.WINDOW_BYTES;
        int uncredited = 0;
        byte[] held = new byte[0];
        boolean ended = false;
        while (!ended || held.length > 0) {
            int n = Math.min(Math.min(held.length, window), 30_000);
            if (n > 0) {
                g.say(data(channel, Arrays.copyOf(held, n)));
                held = Arrays.copyOfRange(held, n, held.length);
                window -= n;
                g.say(GuestFrame.ofNumbers(GuestFrame.CREDIT, channel, n, 0));
                uncredited -= n;
                continue;
            }
            GuestFrame frame = g.hear();
            switch (frame.type()) {
                case GuestFrame.DATA -> {
                    uncredited += frame.payload().length;
                    assertTrue(uncredited <= GuestFrame.WINDOW_BYTES, "the host sent beyond its credit");
                    int old = held.length;
                    held = Arrays.copyOf(held, old + frame.payload().length);
                    System.arraycopy(frame.payload(), 0, held, old, frame.payload().length);
                }
                case GuestFrame.CREDIT -> window += frame.number(0, 8);
                case GuestFrame.END -> ended = true;
                default -> throw new AssertionError("frame " + frame.type());
            }
        }
    }

    @Test
    void anErrorOfTheGuestIsAFailureWithItsWords() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            g.say(error(g.hear(GuestFrame.EXEC).channel(), "start nope: no such file\u0007"));
            g.say(error(g.hear(GuestFrame.GET).channel(), "/x: No such file or directory"));
            GuestFrame put = g.hear(GuestFrame.PUT);
            g.hear(GuestFrame.DATA);
            g.say(error(put.channel(), "/y: No space left on device"));
        }); GuestChannel channel = connect()) {
            GuestProcess process = channel.exec(GuestChannel.Command.of("nope"));
            Failure failure = assertThrows(Failure.class, process::waitFor);
            assertEquals(Failure.Kind.GUEST, failure.kind());
            assertEquals("start nope: no such file?", failure.getMessage());
            failure = assertThrows(Failure.class, () -> channel.get("/x", new ByteArrayOutputStream()));
            assertEquals("/x: No such file or directory", failure.getMessage());
            failure = assertThrows(Failure.class,
                    () -> channel.put(new ByteArrayInputStream(new byte[500_000]), "/y", 0644));
            assertEquals("/y: No space left on device", failure.getMessage());
            assertEquals(Failure.Kind.BAD_INPUT,
                    assertThrows(Failure.class, () -> channel.get("x", new ByteArrayOutputStream())).kind());
        }
    }

    @Test
    void copies() throws Exception {
        byte[] file = new byte[300_000];
        new Random(5).nextBytes(file);
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            GuestFrame put = g.hear(GuestFrame.PUT);
            assertEquals("640\0/y\0", new String(put.payload(), 0, put.payload().length - 1, StandardCharsets.UTF_8));
            ByteArrayOutputStream got = new ByteArrayOutputStream();
            for (GuestFrame f; (f = g.hear()).type() != GuestFrame.END; ) {
                got.writeBytes(f.payload());
                g.say(GuestFrame.ofNumbers(GuestFrame.CREDIT, put.channel(), f.payload().length, 0));
            }
            assertArrayEquals(file, got.toByteArray());
            g.say(GuestFrame.ofNumbers(GuestFrame.EXITED, put.channel(), 0));
            int get = g.hear(GuestFrame.GET).channel();
            int credit = GuestFrame.WINDOW_BYTES;
            for (int at = 0; at < file.length; ) {
                while (credit < 50_000) {
                    credit += g.hear(GuestFrame.CREDIT).number(0, 8);
                }
                int n = Math.min(50_000, file.length - at);
                g.say(data(get, Arrays.copyOfRange(file, at, at + n)));
                at += n;
                credit -= n;
            }
            g.say(GuestFrame.of(GuestFrame.END, get));
            g.say(GuestFrame.ofNumbers(GuestFrame.EXITED, get, 0));
        }); GuestChannel channel = connect()) {
            assertEquals(file.length, channel.put(new ByteArrayInputStream(file), "/y", 0640));
            ByteArrayOutputStream back = new ByteArrayOutputStream();
            assertEquals(file.length, channel.get("/y", back));
            assertArrayEquals(file, back.toByteArray());
        }
    }

    @Test
    void anIdleConsumerHoldsUpNobodyElse() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            int idle = g.hear(GuestFrame.EXEC).channel();
            g.say(data(idle, new byte[65_536]));
            g.say(data(idle, new byte[65_536]));
            int other = g.hear(GuestFrame.EXEC).channel();
            g.say(data(other, new byte[] {'x'}));
            g.say(GuestFrame.of(GuestFrame.END, other));
            g.say(GuestFrame.ofNumbers(GuestFrame.EXITED, other, 0));
            assertEquals(9, g.hear(GuestFrame.SIGNAL).number(0, 4));
        }); GuestChannel channel = connect(); GuestProcess idle = channel.exec(GuestChannel.Command.of("yes"))) {
            GuestProcess other = channel.exec(GuestChannel.Command.of("x"));
            assertEquals(1, other.output().readAllBytes().length);
            assertEquals(0, other.waitFor());
            idle.close();
            guest.awaitEnd();  // closing the channel waits only so long for the writer
        }
    }

    @Test
    void whatHasEndedIsNotKilledAndLeavesItsPlace() throws Exception {
        int rounds = 500;
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            for (int i = 0; i < rounds; i++) {
                int channel = g.hear(GuestFrame.EXEC).channel();
                if (i >= GuestFrame.MAX_CHANNELS - 1) {
                    g.say(GuestFrame.of(GuestFrame.END, channel));
                    g.say(GuestFrame.ofNumbers(GuestFrame.EXITED, channel, 0));
                }
            }
        }); GuestChannel channel = connect()) {
            for (int i = 0; i < rounds; i++) {
                GuestProcess process = channel.exec(GuestChannel.Command.of("x"));
                if (i >= GuestFrame.MAX_CHANNELS - 1) {
                    assertEquals(0, process.error().readAllBytes().length);
                    process.close();  // says SIGNAL, not EXEC, to the guest if it thinks that the program still runs
                }
            }
            guest.awaitEnd();
        }
    }

    @Test
    void aGuestBeyondItsCreditIsCutOff() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            int channel = g.hear(GuestFrame.EXEC).channel();
            for (int i = 0; i < 3; i++) {
                g.say(data(channel, new byte[65_536]));
            }
        }); GuestChannel channel = connect()) {
            GuestProcess process = channel.exec(GuestChannel.Command.of("yes"));
            assertEquals(Failure.Kind.UNTRUSTED, assertThrows(Failure.class, process::waitFor).kind());
        }
    }

    @Test
    void theEndOfTheMachineReachesEverybody() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            g.hear(GuestFrame.EXEC);
            g.hangUp();
        }); GuestChannel channel = connect()) {
            GuestProcess process = channel.exec(GuestChannel.Command.of("sleep", "9"));
            assertThrows(IOException.class, () -> process.output().read());
            assertEquals(Failure.Kind.UNAVAILABLE, assertThrows(Failure.class, process::waitFor).kind());
            assertEquals("the machine closed it", ends.poll(5, TimeUnit.SECONDS));
            assertThrows(Failure.class, () -> channel.exec(GuestChannel.Command.of("x")));
            assertThrows(Failure.class, () -> channel.ping(SOON));
        }
    }

    @Test
    void aBrokenStreamEndsTheConnection() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            g.say(new byte[] {6, 0, 1, 0, -1, -1, -1, -1});
        }); GuestChannel channel = connect()) {
            String reason = ends.poll(5, TimeUnit.SECONDS);
            assertTrue(reason != null && reason.contains("4294967295 bytes"), reason);
        }
    }

    @Test
    void aSilentGuestTimesOut() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> g.hear(GuestFrame.HELLO));
             GuestChannel channel = GuestChannel.connect(socket, GuestChannel.First.YES, this)) {
            assertEquals(Failure.Kind.TIMEOUT,
                    assertThrows(Failure.class, () -> channel.awaitWelcome(Duration.ofMillis(50))).kind());
            Failure early = assertThrows(Failure.class, () -> channel.exec(GuestChannel.Command.of("x")));
            assertTrue(early.getMessage().contains("not booted"), early.getMessage());
        }
    }

    @Test
    void theNinthChannelIsRefusedHere() throws Exception {
        try (FakeGuest guest = new FakeGuest(socket, g -> {
            g.welcome("");
            for (int i = 0; i < GuestFrame.MAX_CHANNELS; i++) {
                assertEquals(i + 1, g.hear(GuestFrame.EXEC).channel());
            }
        }); GuestChannel channel = connect()) {
            for (int i = 0; i < GuestFrame.MAX_CHANNELS; i++) {
                channel.exec(GuestChannel.Command.of("x"));
            }
            assertEquals(Failure.Kind.CONFLICT,
                    assertThrows(Failure.class, () -> channel.exec(GuestChannel.Command.of("x"))).kind());
        }
    }
}

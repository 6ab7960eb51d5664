package eu.mikelangelo.machines.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real init in a real guest. Needs `make -C guest/init`, QEMU and an unpacked kernel (-Dmike.test.kernel=FOLDER).
 */
@Tag("boot")
@Timeout(120)
final class GuestBootTest implements GuestChannel.Listener {
    private static final Duration BOOT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;
    private Path kernel;
    private Path init;
    private final BlockingQueue<GuestEvent> events = new ArrayBlockingQueue<>(100);

    @BeforeEach
    void needs() {
        String property = System.getProperty("mike.test.kernel", "");
        kernel = BootedGuest.need("no kernel: set -Dmike.test.kernel to an unpacked linux-image package",
                property.isEmpty() ? null : Path.of(property));
        init = BootedGuest.need("guest/init/build/init is not built", BootedGuest.init());
    }

    private static Path shell() {
        return BootedGuest.need("no /bin/busybox (package busybox-static)", Path.of("/bin/busybox"));
    }

    @Override
    public void event(GuestEvent event) {
        events.add(event);
    }

    @Override
    public void closed(String reason) { }

    private void await(GuestEvent wanted) throws Exception {
        for (GuestEvent event; (event = events.poll(60, TimeUnit.SECONDS)) != null; ) {
            if (event.equals(wanted)) {
                return;
            }
        }
        throw new AssertionError("no " + wanted);
    }

    @Test
    void theExitCodeIsInTheLogWithNobodyConnected() throws Exception {
        try (BootedGuest guest = new BootedGuest(folder, kernel, init,
                "arg /bin/sh\narg -c\narg echo\\shello;\\sexit\\s7\n", shell())) {
            List<GuestEvent> said = guest.events();
            assertEquals(new GuestEvent.Boot(1), said.getFirst(), guest::toString);
            assertEquals(new GuestEvent.Exited(7, 0), said.getLast());
            assertTrue(said.contains(new GuestEvent.Ready()), said::toString);
            assertEquals("hello\n", Files.readString(folder.resolve("console.log")));
        }
    }

    @Test
    void aMissingStartCommandIsNamed() throws Exception {
        try (BootedGuest guest = new BootedGuest(folder, kernel, init, "arg /usr/bin/nope\n", null)) {
            assertEquals(List.of(new GuestEvent.Boot(1),
                    new GuestEvent.Failed("start /usr/bin/nope: no such file in the machine"),
                    new GuestEvent.Exited(127, 0)), guest.events());
        }
    }

    @Test
    void execCopyReconnectAndStop() throws Exception {
        byte[] file = new byte[10 << 20];
        new Random(1).nextBytes(file);
        try (BootedGuest guest = new BootedGuest(folder, kernel, init,
                "arg /bin/sleep\narg 1000\nuser 1000 1000\n", shell())) {
            try (GuestChannel channel = guest.connect(GuestChannel.First.YES, this)) {
                await(new GuestEvent.Ready());
                GuestProcess id = channel.exec(GuestChannel.Command.of("sh", "-c", "id -u; echo oh >&2; exit 5"));
                assertEquals("1000\n", new String(id.output().readAllBytes(), StandardCharsets.UTF_8));
                assertEquals("oh\n", new String(id.error().readAllBytes(), StandardCharsets.UTF_8));
                assertEquals(5, id.waitFor());
                cannotStart(channel, "nope", 127, "start nope: no such file");
                cannotStart(channel, "/etc", 126, "start /etc: Permission denied");
                assertEquals(file.length, channel.put(new ByteArrayInputStream(file), "/tmp/file", 0644));
                // A copy that its host side leaves in the middle.
                GuestProcess half = channel.exec(new GuestChannel.Command(List.of("cat", "/tmp/file"), "0", "/"));
                assertEquals(1, half.output().readNBytes(1).length);
            }
            try (GuestChannel channel = guest.connect(GuestChannel.First.NO, this)) {
                channel.awaitWelcome(BOOT);
                ByteArrayOutputStream back = new ByteArrayOutputStream();
                channel.get("/tmp/file", back);
                assertArrayEquals(file, back.toByteArray());
                GuestProcess cat = channel.exec(GuestChannel.Command.of("cat"));
                try (OutputStream input = cat.input()) {
                    input.write(file, 0, 100_000);
                }
                assertEquals(100_000, cat.output().readAllBytes().length);
                assertTrue(channel.ping(BOOT) > 0);
                channel.stop();
                assertEquals(new GuestEvent.Exited(143, 15), guest.events().getLast());
            }
        }
    }

    /** As in a shell: the reason is on standard error, and the code says which of the two it is. */
    private static void cannotStart(GuestChannel channel, String program, int code, String reason) throws Exception {
        GuestProcess process = channel.exec(GuestChannel.Command.of(program));
        String said = new String(process.error().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(code, process.waitFor());
        assertTrue(said.startsWith(reason) && said.endsWith("\n"), said);
    }
}

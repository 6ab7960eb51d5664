package eu.mikelangelo.machines.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StatusReaderTest {
    private static final String BOOT = "mike 1\nnet 10.187.0.2\nstarted 79\nlistening-local tcp 80\nlistening tcp 80\n"
            + "listening udp 53\nready\nexit signal 11\n";
    private static final List<GuestEvent> EVENTS = List.of(new GuestEvent.Boot(1), new GuestEvent.Net("10.187.0.2"),
            new GuestEvent.Started(79), new GuestEvent.ListeningLocal("tcp", 80), new GuestEvent.Listening("tcp", 80),
            new GuestEvent.Listening("udp", 53), new GuestEvent.Ready(), new GuestEvent.Exited(139, 11));

    private static List<GuestEvent> read(byte[] bytes, int step) {
        List<GuestEvent> events = new ArrayList<>();
        StatusReader reader = new StatusReader(events::add);
        for (int at = 0; at < bytes.length; at += step) {
            reader.feed(bytes, at, Math.min(step, bytes.length - at));
        }
        return events;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void anyPiecesGiveTheSameEvents() {
        for (int step = 1; step <= BOOT.length(); step++) {
            assertEquals(EVENTS, read(bytes(BOOT), step), "pieces of " + step);
        }
    }

    @Test
    void otherEndings() {
        assertEquals(new GuestEvent.Exited(3, 0), StatusReader.parse("exit 3"));
        assertEquals(new GuestEvent.Failed("start x: no such file"),
                StatusReader.parse("failed start x: no such file"));
        assertEquals(new GuestEvent.NetNone("no DHCP server answered"),
                StatusReader.parse("net none no DHCP server answered"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "mike", "mike 0", "mike x", "mike 99999999999", "net", "net 1.2.3",
        "net 1.2.3.256", "net none ", "started -1", "started", "listening tcp 0", "listening tcp 65536",
        "listening sctp 1", "listening tcp", "ready now", "exit", "exit 256", "exit -1", "exit signal 0",
        "exit signal 65", "failed", "tomorrow 7"})
    void whatMeansNothingIsSkipped(String line) {
        assertNull(StatusReader.parse(line));
    }

    @Test
    void controlCharactersNeverReachATerminal() {
        assertEquals(new GuestEvent.Failed("?[31mred?"), StatusReader.parse("failed \u001b[31mred\u0007"));
    }

    @Test
    void aLineTooLongIsSkippedAndTheNextIsRead() {
        String text = "failed " + "x".repeat(5000) + "\nready\n";
        assertEquals(List.of(new GuestEvent.Ready()), read(bytes(text), 100));
    }

    @Test
    void aFloodIsBounded() {
        assertEquals(StatusReader.MAX_LINES, read(bytes("ready\n".repeat(100_000)), 4096).size());
    }

    @Test
    void aMutatedStreamGivesOnlyWholeEvents() {
        Random random = new Random(42);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = bytes(BOOT);
            for (int i = random.nextInt(6); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            for (GuestEvent event : read(bytes, 1 + random.nextInt(40))) {
                if (event instanceof GuestEvent.Exited exited) {
                    assertTrue(exited.code() >= 0 && exited.code() <= 255, exited::toString);
                } else if (event instanceof GuestEvent.Listening listening) {
                    assertTrue(listening.port() > 0 && listening.port() < 65_536, listening::toString);
                }
            }
        }
    }

    @Test
    void theLogOfALaterBootCounts(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("status.log");
        assertEquals(List.of(), StatusReader.readLog(log));
        Files.writeString(log, BOOT + "mike 1\nstarted 5\nexit 7\nunfinis");
        assertEquals(List.of(new GuestEvent.Boot(1), new GuestEvent.Started(5), new GuestEvent.Exited(7, 0)),
                StatusReader.readLog(log));
    }
}

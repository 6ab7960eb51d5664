package eu.mikelangelo.bench.net.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.vhost.frontend.FrontEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjIntConsumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the switch as it ships, in a process of its own. */
class ClientTest {
    private static final long RUN_NS = 300_000_000;

    @TempDir
    Path folder;
    private Process plane;
    private String first;
    private String second;

    @BeforeEach
    void start() throws Exception {
        first = folder.resolve("a").toString();
        second = folder.resolve("b").toString();
        Path said = folder.resolve("said");
        plane = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-Xmx48m", "--enable-native-access=ALL-UNNAMED", "-Dmike.build=test", "-cp",
                System.getProperty("java.class.path"), "eu.mikelangelo.plane.Main", "io", "serve", "--net",
                first + ",server", "--net", second + ",server").redirectErrorStream(true)
                .redirectOutput(said.toFile()).start();
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                !Files.readAllLines(said).contains("ready"); Thread.sleep(20)) {
            assertTrue(plane.isAlive() && System.nanoTime() < end, () -> text(said));
        }
    }

    @AfterEach
    void stop() throws Exception {
        plane.destroyForcibly().waitFor();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException gone) {
            return gone.toString();
        }
    }

    private Hops hops() {
        return new Hops(FrontEnd::connect, first, second);
    }

    private Segments segments() {
        return new Segments(FrontEnd::connect, first, second);
    }

    private static Map<String, Double> parse(String said) {
        Map<String, Double> values = new TreeMap<>();
        for (String word : said.split(" ")) {
            values.put(word.substring(0, word.indexOf('=')),
                    Double.valueOf(word.substring(word.indexOf('=') + 1)));
        }
        return values;
    }

    @Test
    void hopsArriveAndAreTimed() {
        try (Hops hops = hops()) {
            // The switch learns both addresses, and a busy machine lets it run at all.
            hops.run(RUN_NS);
            Map<String, Double> said = parse(hops.run(RUN_NS));
            assertEquals(0, said.get("lost"), () -> said.toString());
            assertTrue(said.get("arrived") > 0, () -> said.toString());
            assertTrue(said.get("p50") > 0 && said.get("p50") <= said.get("p99"), () -> said.toString());
        }
    }

    @Test
    void segmentsArriveWholeAndUncut() {
        try (Segments segments = segments()) {
            segments.run(RUN_NS);
            Map<String, Double> said = parse(segments.run(RUN_NS));
            assertEquals(0, said.get("lost"), () -> said.toString());
            assertTrue(said.get("arrived") > 0, () -> said.toString());
            assertTrue(said.get("gigabits") > 0, () -> said.toString());
        }
    }

    @Test
    void aWrongByteIsFoundWhereverItIs() {
        // Behind the header of virtio (12): addresses, the cut to be made, TCP's port, a page that is another frame's,
        // content of one frame in 256.
        for (int offset : new int[] {12 + 6 + 5, 12 + 14 + 20 + 1, 40_000}) {
            foundBy(this::segments, (card, slot) -> flip(card, slot, offset), 16);
        }
        for (int offset : new int[] {12 + 6 + 5, 60}) {
            foundBy(this::hops, (card, slot) -> flip(card, slot, offset), 128);
        }
    }

    private static void flip(Card card, int slot, int offset) {
        long at = Card.at(card.slot(slot)) + offset;
        card.memory().u8(at, card.memory().u8(at) ^ 0x10);
    }

    /** The frames of one card are spoiled before they are sent. */
    private static void foundBy(Supplier<Traffic> client, ObjIntConsumer<Card> spoil, int slots) {
        try (Traffic traffic = client.get()) {
            traffic.run(RUN_NS);
            for (int slot = 0; slot < slots; slot++) {
                spoil.accept(traffic.cards[0], slot);
            }
            assertThrows(IllegalStateException.class, () -> {
                for (int i = 0; i < 200; i++) {
                    traffic.run(RUN_NS);
                }
            });
        }
    }

    @Test
    void lostFramesAreCountedAndOthersAreRefused() {
        try (Hops hops = hops()) {
            for (int i = 0; i < 5; i++) {
                hops.next(0);
            }
            hops.arrived(0, 0, 1);
            assertThrows(IllegalStateException.class, () -> hops.arrived(0, 0, 2), "a second time");
            assertThrows(IllegalStateException.class, () -> hops.arrived(0, 5, 2), "was never sent");
            hops.arrived(0, 3, 2);
            assertEquals(1, hops.underWay(0), "1 and 2 are lost, 4 is to come");
            Map<String, Double> said = parse(hops.run(RUN_NS));
            assertTrue(said.get("lost") >= 1, "4 never comes: " + said);
            assertEquals(List.of(0L, 0L), List.of(hops.underWay(0), hops.underWay(1)));
        }
    }
}

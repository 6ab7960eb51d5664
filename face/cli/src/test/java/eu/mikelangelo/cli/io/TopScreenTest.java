package eu.mikelangelo.cli.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.cli.Style;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The screen fits any terminal, and its numbers are rates. */
class TopScreenTest {
    private static final Style PLAIN = new Style(false);

    private static Fields look(long pid, long seconds, int ports, long rate) {
        StringBuilder text = new StringBuilder("{\"state\":\"up\",\"pid\":" + pid + ",\"timeNs\":"
                + seconds * 1_000_000_000L + ",\"cores\":[{\"cpu\":-1,\"turns\":" + seconds * 100 + ",\"busyNs\":"
                + seconds * 250_000_000L + "}],\"ports\":[");
        for (int i = 0; i < ports; i++) {
            text.append(i == 0 ? "" : ",").append("{\"name\":\"m").append(i).append("\",\"rxFrames\":")
                    .append(seconds * rate * i).append(",\"txFrames\":0,\"rxBytes\":").append(seconds * rate * i * 1500)
                    .append(",\"drops\":").append(seconds * i).append(",\"dropReasons\":{\"spoofedAddress\":")
                    .append(seconds * i).append("},\"queues\":[]}");
        }
        return Json.object(text + "]}");
    }

    private static List<String> lines(Fields before, Fields now, int height, int width) {
        return new TopScreen(before, now).lines(height, width, TopScreen.Sort.RATE, "the note", PLAIN);
    }

    @Test
    void everySizeIsFilledAndNotLeft() {
        for (int ports : new int[] {0, 1, 7, 300}) {
            for (int width : new int[] {1, 20, 47, 64, 79, 80, 81, 100, 300}) {
                for (int height = 8; height < 60; height++) {
                    // Rates up to what 400 Gbit/s of the shortest frames would be.
                    List<String> lines = lines(look(1, 1, ports, 2_000_000), look(1, 2, ports, 2_000_000), height,
                            width);
                    assertEquals(height, lines.size());
                    for (String line : lines) {
                        assertTrue(line.length() <= width, width + ": " + line);
                    }
                    assertEquals(TopColumns.cut("the note", width), lines.getLast());
                }
            }
        }
        List<String> lines = lines(look(1, 1, 300, 100), look(1, 2, 300, 100), 24, 80);
        assertTrue(lines.contains("... and 283 more"), String.join("\n", lines));
        assertTrue(lines.get(5).startsWith("m299 "), "the busiest first");
    }

    @Test
    void ratesAreBetweenTwoLooks() {
        String line = lines(look(1, 10, 2, 3_000), look(1, 12, 2, 3_000), 24, 80).get(5);
        assertEquals("m1          3.0    0.0  0.04  0.00     1 spoofedAdd     0     0     -    -    -", line);
        assertTrue(lines(look(1, 10, 2, 1), look(1, 12, 2, 1), 24, 80).get(1).startsWith("core 0  busy 25.0%"));
    }

    /** What a head says and the numbers below it end in the same column, whatever a terminal has room for. */
    @Test
    void headsStandAboveTheirNumbers() {
        for (int width = 20; width < 120; width++) {
            List<String> lines = lines(look(1, 1, 2, 3_000), look(1, 2, 2, 3_000), 24, width);
            for (String unit : new String[] {"kpps", "Gbps", "/s"}) {
                for (int at = lines.get(4).indexOf(unit); at >= 0; at = lines.get(4).indexOf(unit, at + 1)) {
                    int end = at + unit.length();
                    assertTrue(lines.get(5).length() >= end && Character.isDigit(lines.get(5).charAt(end - 1)),
                            width + ":\n" + String.join("\n", lines));
                    assertTrue(lines.get(3).length() >= end && Character.isLetter(lines.get(3).charAt(end - 1)),
                            width + ":\n" + String.join("\n", lines));
                }
            }
        }
    }

    @Test
    void aNarrowTerminalKeepsWhatSaysMost() {
        assertEquals("PORT       kpps   kpps  Gbps  Gbps    /s    /s    /s batch",
                lines(look(1, 1, 2, 1), look(1, 2, 2, 1), 24, 75).get(4));
        assertEquals("PORT       kpps   kpps    /s", lines(look(1, 1, 2, 1), look(1, 2, 2, 1), 24, 30).get(4));
        assertEquals("a-name-o...", TopColumns.cut("a-name-of-a-machine", 11));
    }

    @Test
    void anotherPlaneBeginsAnew() {
        for (Fields before : List.of(look(2, 1, 3, 50), look(1, 99, 3, 50))) {
            String text = String.join("\n", lines(before, look(1, 2, 3, 50), 24, 80));
            assertTrue(text.startsWith("3 ports  rx 0.0 kpps 0.00 Gbps  tx 0.0 kpps"), text);
        }
        Fields down = Json.object("{\"state\":\"down\",\"cores\":[],\"ports\":[]}");
        assertEquals("the plane is down", lines(look(1, 1, 3, 50), down, 24, 80).getFirst());
    }

    @Test
    void aPortThatIsNewHasDoneItAllSince() {
        String line = lines(look(1, 1, 1, 1), look(1, 2, 2, 100), 24, 80).get(5);
        assertTrue(line.startsWith("m1          0.2"), line);
    }

    @Test
    void amountsKeepTheirWidth() {
        for (double value = 0.01; value < 1e14; value *= 1.07) {
            assertTrue(value > 9e13 || Amounts.count(value).length() <= 5, Amounts.count(value));
            assertTrue(value > 1e11 || Amounts.time(value).length() <= 4, Amounts.time(value));
            assertTrue(value > 9e8 || Amounts.kilo(value).length() <= 6, Amounts.kilo(value));
            assertTrue(value > 9e13 || Amounts.giga(value).length() <= 5, Amounts.giga(value));
        }
        assertEquals("512n", Amounts.time(512));
        assertEquals("1.2u", Amounts.time(1234));
        assertEquals("1.0m", Amounts.time(999_600));
        assertEquals("12m", Amounts.time(12_000_000));
        assertEquals("-", Amounts.time(0));
        assertEquals("9999", Amounts.count(9999));
        assertEquals("10.0k", Amounts.count(10_000));
        assertEquals("1.0M", Amounts.count(999_999));
        assertEquals("0.5", Amounts.count(0.5));
        assertEquals("0", Amounts.count(0));
    }

    @Test
    void theHelpFits() {
        assertTrue(TopScreen.HELP.size() < 23);
        TopScreen.HELP.forEach(line -> assertTrue(line.length() <= 80, line));
    }
}

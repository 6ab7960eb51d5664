package eu.mikelangelo.agent.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.plane.api.CoreStats;
import eu.mikelangelo.plane.api.LatencyStats;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.QueueStats;
import eu.mikelangelo.plane.api.Response;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Counters as JSON, as percentiles and as Prometheus reads them. */
class IoStatsTest {
    private static LinkedHashMap<String, Long> drops(String reason, long count) {
        LinkedHashMap<String, Long> drops = new LinkedHashMap<>();
        drops.put(reason, count);
        return drops;
    }

    private static Response.Stats stats() {
        QueueStats rx = new QueueStats(true, 0, 10, 11, 12, 13, 14, 15, 16, 17, drops("noBuffers", 3));
        QueueStats tx = new QueueStats(false, 1, 20, 21, 22, 23, 24, 25, 26, 27, drops("spoofed\"Mac", 4));
        LinkedHashMap<String, Long> all = drops("noBuffers", 3);
        all.put("spoofedMac", 4L);
        PortStats port = new PortStats("we\"b", true, 2, false, 1, 2, 10, 20, 11, 21, 30, 31, all, List.of(rx, tx),
                new LatencyStats(128, 1_000, 600, List.of(1L, 2L, 1L, 0L)), "");
        return new Response.Stats(77, List.of(new CoreStats(3, 1, 5_000_000_000L, 100, 60, 30, 1_500_000_000L, 7, 2)),
                List.of(port));
    }

    @Test
    void jsonHasEverything() {
        Fields json = Json.object(Json.write(IoStats.json(stats(), 4711)));
        assertEquals("up", json.string("state", ""));
        assertEquals(4711, json.integer("pid", 0));
        assertEquals(77, json.integer("timeNs", 0));
        Fields core = json.objects("cores").getFirst();
        assertEquals(3, core.integer("cpu", 0));
        assertEquals(60, core.integer("emptyTurns", 0));
        Fields port = json.objects("ports").getFirst();
        assertEquals(7, port.integer("drops", 0));
        assertEquals(31, port.integer("captureLost", 0));
        Fields queue = port.objects("queues").get(1);
        assertEquals("tx1", queue.string("name", ""));
        assertEquals(25, queue.integer("callsSuppressed", 0));
        assertEquals(4, queue.integer("drops", 0));
        Fields latency = port.object("latency");
        assertEquals(4, latency.integer("count", 0));
        assertEquals(192, latency.integer("p50Ns", 0));
        assertEquals(502, latency.integer("p99Ns", 0));
    }

    @Test
    void percentilesLieEvenlyInTheirBucket() {
        Latency latency = new Latency(128, new long[] {0, 100, 0, 0, 1});
        assertEquals(128 + 64, latency.percentileNs(49.5 / 0.99 * 100 / 101));
        assertEquals(1024, latency.percentileNs(100), "the last bucket has no end: its beginning");
        assertEquals(0, new Latency(128, new long[4]).percentileNs(50));
        assertEquals(0, new Latency(128, new long[0]).percentileNs(99));
        Latency since = new Latency(128, new long[] {5, 110, 0, 0, 1}).since(latency);
        assertEquals(15, since.count());
        assertEquals(5, since.counts()[0]);
        Latency anew = new Latency(128, new long[] {1, 2, 3, 4, 0});
        assertEquals(anew, anew.since(latency), "of a plane that was started anew");
    }

    /** Every line is a comment or a sample (the format's grammar), each family is declared once and before it. */
    @Test
    void prometheusCanReadIt() {
        String text = IoMetrics.text(new Fields(IoStats.json(stats(), 1)));
        Pattern sample = Pattern.compile("([a-z_:]+)(\\{([a-z]+=\"([^\"\\\\]|\\\\.)*\",?)*})? [-+0-9.eE]+(Inf)?");
        List<String> declared = new ArrayList<>();
        for (String line : text.split("\n")) {
            if (line.startsWith("# TYPE ")) {
                String name = line.split(" ")[2];
                assertTrue(!declared.contains(name), name);
                declared.add(name);
            } else if (!line.startsWith("# HELP ")) {
                Matcher matcher = sample.matcher(line);
                assertTrue(matcher.matches(), line);
                String family = declared.getLast();
                String name = matcher.group(1);
                assertTrue(name.equals(family) || name.matches(family + "_(bucket|sum|count)"), line);
            }
        }
        assertTrue(declared.size() > 25, declared.toString());
        for (String line : List.of("mike_plane_up 1",
                "mike_core_busy_seconds_total{core=\"0\",cpu=\"3\"} 1.500000000",
                "mike_port_receive_packets_total{port=\"we\\\"b\",queue=\"0\"} 10",
                "mike_port_transmit_calls_suppressed_total{port=\"we\\\"b\",queue=\"1\"} 25",
                "mike_port_transmit_drop_total{port=\"we\\\"b\",queue=\"1\",reason=\"spoofed\\\"Mac\"} 4",
                "mike_port_burst_duration_seconds_bucket{port=\"we\\\"b\",le=\"1.27E-7\"} 1",
                "mike_port_burst_duration_seconds_bucket{port=\"we\\\"b\",le=\"5.11E-7\"} 4",
                "mike_port_burst_duration_seconds_bucket{port=\"we\\\"b\",le=\"+Inf\"} 4",
                "mike_port_burst_duration_seconds_sum{port=\"we\\\"b\"} 0.000001000")) {
            assertTrue(text.contains("\n" + line + "\n"), line + " is not in\n" + text);
        }
        assertTrue(IoMetrics.text(new Fields(IoStats.down())).contains("\nmike_plane_up 0\n"));
    }
}

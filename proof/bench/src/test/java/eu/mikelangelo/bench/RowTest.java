package eu.mikelangelo.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RowTest {
    private static final double[] NONE = {};

    private static Row row(String metric, boolean lower, double[] ours, double[] theirs, double aim) {
        return new Row("b", "r", "p", metric, lower, ours, theirs, aim, "");
    }

    @Test
    void theRatioIsTheMedianOfThePairsAndBiggerIsBetterForUs() {
        // Pairwise 2, 4 and 1: the median is 2, whereas the ratio of the medians would be 3/2.
        Row lower = row("s", true, new double[] {1, 1, 2}, new double[] {2, 4, 2}, 1.5);
        assertEquals(2, lower.ratio());
        assertTrue(lower.met());
        Row higher = row("Mpps", false, new double[] {1, 1, 2}, new double[] {2, 4, 2}, 1.5);
        assertEquals(0.5, higher.ratio());
        assertFalse(higher.met());
        assertTrue(row("s", true, new double[] {1.1}, new double[] {1}, 1 / 1.1).met());
        assertFalse(row("s", true, new double[] {1.11}, new double[] {1}, 1 / 1.1).met());
    }

    @Test
    void withoutAPeerTheAimIsABound() {
        assertEquals(2, row(Row.BYTES_PER_OPERATION, true, new double[] {30, 32, 40}, NONE, 64).ratio());
        assertEquals(0.5, row("Mpps", false, new double[] {1, 1, 9}, NONE, 2).ratio());
        assertFalse(row("s", true, new double[] {3}, NONE, 2).met());
    }

    @Test
    void anAimOfNothingHoldsForEveryRun() {
        assertEquals(1, row(Row.BYTES_PER_OPERATION, true, new double[] {0, 0.0009, 0}, NONE, 0).ratio());
        assertEquals(0, row(Row.BYTES_PER_OPERATION, true, new double[] {0, 0, 0.001}, NONE, 0).ratio());
        assertEquals(0, row("moves", true, new double[] {0, 0, 0.0009}, NONE, 0).ratio());
        assertTrue(row("moves", true, new double[] {0, 0}, NONE, 0).met());
    }

    @Test
    void jsonSaysAllInOneLine() {
        Row row = new Row("shard", "r", "p", "s/op", true, new double[] {1.23456789e-7}, new double[] {2.5e-7}, 1.3,
                List.of("near"), "a \"note\"");
        assertEquals(1, row.json().lines().count());
        JsonNode node = JsonMapper.builder().build().readTree(row.json());
        assertEquals(1.2346e-7, node.get("ours").get(0).asDouble(), 0);
        assertEquals("near", node.get("topology").get(0).asString());
        assertEquals("lower", node.get("better").asString());
        assertEquals("a \"note\"", node.get("note").asString());
        assertTrue(node.get("met").asBoolean());
        Row failed = Row.failed("shard", "r", "s", 1, "no peer");
        assertNull(failed.ratio());
        assertTrue(JsonMapper.builder().build().readTree(failed.json()).get("ratio").isNull());
        assertFalse(failed.met());
    }

    @Test
    void theMedianOfAnEvenNumberIsTheMean() {
        assertEquals(2.5, Row.median(new double[] {4, 1, 3, 2}));
        assertEquals(3, Row.median(new double[] {9, 1, 3}));
    }
}

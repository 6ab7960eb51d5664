package eu.mikelangelo.bench.shard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.bench.measure.Pairs;
import eu.mikelangelo.bench.measure.Regime;
import eu.mikelangelo.bench.measure.Window;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class PartsTest {
    private static final String WINDOW = "{\"operations\":2000,\"seconds\":0.5,\"serverCpu\":0.1,\"errors\":0,"
            + "\"wrong\":0,\"lost\":0,\"misses\":0,\"p99\":0.003,\"complaint\":null}";

    private static DoubleSupplier counter(double first) {
        double[] next = {first};
        return () -> next[0]++;
    }

    private static Supplier<String> regimes(String... all) {
        int[] next = {0};
        return () -> all[Math.min(next[0]++, all.length - 1)];
    }

    @Test
    void pairsAlternateAndKeepWhatStoodStill() {
        StringBuilder order = new StringBuilder();
        DoubleSupplier ours = counter(0);
        DoubleSupplier theirs = counter(100);
        // Pair by pair: near near near; near far far; far far far; far far far.
        Pairs pairs = Pairs.run(3, regimes("near", "near", "near", "far", "far", "far"), () -> {
            order.append('A');
            return ours.getAsDouble();
        }, () -> {
            order.append('B');
            return theirs.getAsDouble();
        });
        assertEquals("ABABABAB", order.toString());
        assertArrayEquals(new double[] {0, 2, 3}, pairs.ours());
        assertArrayEquals(new double[] {100, 102, 103}, pairs.theirs());
        assertEquals(List.of("near", "far", "far"), pairs.topology());
        assertEquals(1, pairs.moved());
        assertTrue(pairs.movedNote().contains("within 1 pairs, 0 of which count"), pairs.movedNote());
    }

    @Test
    void pairsEndWhenTheCoresNeverStandStill() {
        int[] call = {0};
        Pairs pairs = Pairs.run(3, () -> call[0]++ % 2 == 0 ? "near" : "far", counter(0), counter(100));
        assertEquals(3, pairs.ours().length);
        assertEquals(List.of("mixed", "mixed", "mixed"), pairs.topology());
        assertEquals(6, pairs.moved());
        assertEquals("", Pairs.run(1, () -> "near", counter(0), counter(1)).movedNote());
    }

    @Test
    void aWindowIsReadAndDoubted() {
        Window window = Window.parse(WINDOW);
        assertEquals(4000, window.perSecond(), 1e-9);
        assertEquals(0.1 / 2000, window.cpuPerOperation(), 1e-15);
        assertEquals(0.2, window.cpuShare(), 1e-12);
        assertEquals(0.003, window.p99());
        for (String bad : new String[] {"errors", "wrong", "lost", "misses"}) {
            String line = WINDOW.replace("\"" + bad + "\":0", "\"" + bad + "\":3");
            String message = assertThrows(IllegalStateException.class, () -> Window.parse(line)).getMessage();
            assertTrue(message.startsWith("3 " + bad), message);
        }
        assertThrows(IllegalStateException.class, () -> Window.parse(WINDOW.replace("2000", "0")));
        assertEquals("why", assertThrows(IllegalStateException.class,
                () -> Window.parse("{\"failed\":\"why\"}")).getMessage());
    }

    @Test
    void regimesHaveNames() {
        assertEquals("near", Regime.name(30));
        assertEquals("between", Regime.name(Regime.NEAR_NS));
        assertEquals("between", Regime.name(Regime.FAR_NS));
        assertEquals("far", Regime.name(165));
    }
}

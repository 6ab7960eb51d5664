package eu.mikelangelo.race;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import eu.mikelangelo.metrics.Counter;
import eu.mikelangelo.metrics.Metrics;
import eu.mikelangelo.metrics.MetricsReader;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** Reading metrics while their owner writes. */
public final class MetricsRaces {
    private static final long WIDE = 0x7fff_ffff_8000_0001L;

    private MetricsRaces() {}

    /** A reader sees each value whole, and a counter never going back. */
    @JCStressTest
    @State
    @Outcome(id = {"0, 0", "0, 9223372034707292161", "9223372034707292161, 9223372034707292161"}, expect = ACCEPTABLE,
            desc = "whole values, not going back")
    @Outcome(expect = FORBIDDEN, desc = "a torn value, or one that went back")
    public static class WholeAndForward {
        private final Metrics metrics = Metrics.inMemory(1, 1024);
        private final Counter counter = metrics.group().counter("a_total", "");
        private final MetricsReader reader = metrics.reader();

        @Actor
        public void owner() {
            counter.add(WIDE);
        }

        @Actor
        public void reader(JJ_Result r) {
            r.r1 = reader.value("a_total", -1);
            r.r2 = reader.value("a_total", -1);
        }
    }
}

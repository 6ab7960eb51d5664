package eu.mikelangelo.race;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import eu.mikelangelo.shard.loop.SleepFlag;
import eu.mikelangelo.shard.loop.SpscRing;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Falling asleep against being woken: the sleeper sees the news (r1), or the caller sees the sleeper (r2). */
public final class SleepRaces {
    private SleepRaces() {}

    @JCStressTest
    @State
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the sleeper saw the news")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the caller wakes the sleeper")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both: a wake-up too many")
    @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "a lost wake-up")
    public static class Mail {
        private final SpscRing<Object> ring = new SpscRing<>(2);
        private final SleepFlag flag = new SleepFlag();

        @Actor
        public void sleeper(II_Result r) {
            flag.announce();
            r.r1 = ring.hasNews() ? 1 : 0;
        }

        @Actor
        public void caller(II_Result r) {
            ring.put(this, null, null, null);
            r.r2 = flag.claim() ? 1 : 0;
        }
    }

    @JCStressTest
    @State
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the sleeper saw the news")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the caller wakes the sleeper")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both: a wake-up too many")
    @Outcome(id = "0, 0", expect = FORBIDDEN, desc = "a lost wake-up")
    public static class Door {
        private final ConcurrentLinkedQueue<Object> door = new ConcurrentLinkedQueue<>();
        private final SleepFlag flag = new SleepFlag();

        @Actor
        public void sleeper(II_Result r) {
            flag.announce();
            r.r1 = door.isEmpty() ? 0 : 1;
        }

        @Actor
        public void caller(II_Result r) {
            door.add(this);
            r.r2 = flag.claim() ? 1 : 0;
        }
    }

    /** Of two callers exactly one wakes a sleeper that has not seen the news, for a wake-up is a system call. */
    @JCStressTest
    @State
    @Outcome(id = {"1, 0, 1", "1, 1, 0", "1, 0, 0"}, expect = ACCEPTABLE, desc = "the sleeper saw news")
    @Outcome(id = {"0, 0, 1", "0, 1, 0"}, expect = ACCEPTABLE, desc = "one of the callers wakes it")
    @Outcome(id = "0, 0, 0", expect = FORBIDDEN, desc = "a lost wake-up")
    @Outcome(expect = FORBIDDEN, desc = "both wake it")
    public static class TwoCallers {
        private final SpscRing<Object> one = new SpscRing<>(2);
        private final SpscRing<Object> two = new SpscRing<>(2);
        private final SleepFlag flag = new SleepFlag();

        @Actor
        public void sleeper(III_Result r) {
            flag.announce();
            r.r1 = one.hasNews() || two.hasNews() ? 1 : 0;
        }

        @Actor
        public void first(III_Result r) {
            one.put(this, null, null, null);
            r.r2 = flag.claim() ? 1 : 0;
        }

        @Actor
        public void second(III_Result r) {
            two.put(this, null, null, null);
            r.r3 = flag.claim() ? 1 : 0;
        }
    }
}

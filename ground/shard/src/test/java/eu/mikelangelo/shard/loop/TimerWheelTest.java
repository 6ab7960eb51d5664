package eu.mikelangelo.shard.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.shard.Again;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TimerWheelTest {
    private static final long START = 123_456_789L;
    private final TimerWheel wheel = new TimerWheel(START);
    private long now = START;

    private final class Model extends TimerWheel.Entry {
        long deadline = -1;
        int fired;

        @Override
        protected void due() {
            assertTrue(now >= deadline, "early by " + (deadline - now));
            assertTrue(now - deadline < latest, "late by " + (now - deadline));
            deadline = -1;
            fired++;
        }
    }

    private long latest;

    /** Random sets, cancels and steps of time, from nanoseconds to years, against the plain meaning of a timer. */
    @Test
    void firesOnceNeverEarlyAndInTheStepThatReachesIt() {
        for (int seed = 0; seed < 60; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Model> models = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                models.add(new Model());
            }
            for (int step = 0; step < 3_000; step++) {
                Model model = models.get(random.nextInt(models.size()));
                if (random.nextInt(3) > 0) {
                    model.deadline = now + (random.nextLong() >>> 64 - 1 - random.nextInt(55));
                    wheel.set(model, model.deadline);
                } else {
                    model.deadline = -1;
                    wheel.cancel(model);
                }
                long by = random.nextLong() >>> 64 - 1 - random.nextInt(45);
                latest = by + 2 * TimerWheel.TICK_NS;
                now += by;
                wheel.advance(now);
                check(models);
            }
            models.forEach(wheel::cancel);
            assertEquals(Long.MAX_VALUE, wheel.nextNs());
        }
    }

    private void check(List<Model> models) {
        int set = 0;
        long first = Long.MAX_VALUE;
        for (Model model : models) {
            assertEquals(model.deadline >= 0, model.isSet());
            set += model.isSet() ? 1 : 0;
            if (model.isSet()) {
                assertTrue(model.deadline > now - 2 * TimerWheel.TICK_NS, "overdue by " + (now - model.deadline));
                first = Math.min(first, model.deadline);
            }
        }
        assertEquals(set, wheel.count());
        assertTrue(first == Long.MAX_VALUE || wheel.nextNs() <= first + 2 * TimerWheel.TICK_NS,
                "would sleep past " + first);
    }

    @Test
    void holdsAMillion() {
        int[] fired = new int[1];
        class One extends TimerWheel.Entry {
            @Override
            protected void due() {
                fired[0]++;
            }
        }
        SplittableRandom random = new SplittableRandom(1);
        List<One> all = new ArrayList<>();
        for (int i = 0; i < 1_000_000; i++) {
            One one = new One();
            all.add(one);
            wheel.set(one, START + random.nextLong(3_600_000_000_000L));
        }
        for (int i = 0; i < all.size(); i += 2) {
            wheel.cancel(all.get(i));
        }
        wheel.advance(START + 3_601_000_000_000L);
        assertEquals(500_000, fired[0]);
        assertEquals(0, wheel.count());
    }

    @Test
    void aTimerMaySetItselfAgain() {
        class Again extends TimerWheel.Entry {
            int times;

            @Override
            protected void due() {
                times++;
                wheel.set(this, now);
            }
        }
        Again again = new Again();
        wheel.set(again, START);
        assertEquals(0, wheel.advance(START), "never in the tick in which it was set");
        for (int i = 1; i <= 10; i++) {
            now = START + i * TimerWheel.TICK_NS;
            assertEquals(1, wheel.advance(now));
        }
        assertEquals(10, again.times);
        wheel.cancel(again);
        wheel.cancel(again);
        assertFalse(again.isSet());
    }

    /** A clock that steps back fires nothing and loses nothing; one that steps ahead fires each once, in order. */
    @Test
    void stepsOfTheClockLoseNothing() {
        List<Integer> order = new ArrayList<>();
        class One extends TimerWheel.Entry {
            final int hour;

            One(int hour) {
                this.hour = hour;
                wheel.set(this, START + hour * 3_600_000_000_000L);
            }

            @Override
            protected void due() {
                order.add(hour);
            }
        }
        for (int hour : new int[] {5, 1, 4, 2, 3}) {
            new One(hour);
        }
        wheel.advance(START + 2_000_000_000L);
        assertEquals(0, wheel.advance(START - 7_200_000_000_000L));
        assertEquals(5, wheel.count());
        assertEquals(5, wheel.advance(START + 24 * 3_600_000_000_000L));
        assertEquals(List.of(1, 2, 3, 4, 5), order);
    }
}

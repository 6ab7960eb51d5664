package eu.mikelangelo.race;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import eu.mikelangelo.shard.loop.SpscRing;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The ring between two shards. */
public final class RingRaces {
    private RingRaces() {}

    /** A letter whose content is plain: it is safe only if the ring orders it. */
    static final class Letter {
        int text;

        Letter(int text) {
            this.text = text;
        }
    }

    private static void put(SpscRing<Letter> ring, int text) {
        ring.put(new Letter(text), new Letter(text), null, new Letter(text));
    }

    /** @return what all of an entry says; -1 when its parts disagree */
    private static int whole(Letter element, Object a, Object c) {
        boolean torn = a == null || c == null || ((Letter) a).text != element.text || ((Letter) c).text != element.text;
        return torn || element.text == 0 ? -1 : element.text;
    }

    /** What an entry and its parts refer to is seen with it. */
    @JCStressTest
    @State
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "not there yet")
    @Outcome(id = "42", expect = ACCEPTABLE, desc = "there, and whole")
    @Outcome(id = "-1", expect = FORBIDDEN, desc = "there, and torn")
    public static class Publication {
        private final SpscRing<Letter> ring = new SpscRing<>(2);

        @Actor
        public void sender() {
            put(ring, 42);
        }

        @Actor
        public void receiver(I_Result r) {
            ring.drain(1, (element, a, b, c) -> r.r1 = whole(element, a, c));
        }
    }

    /** Entries become visible in their order, each whole. */
    @JCStressTest
    @State
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "nothing yet")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the first")
    @Outcome(id = "2, 12", expect = ACCEPTABLE, desc = "both, in order")
    @Outcome(expect = FORBIDDEN, desc = "torn, or out of order")
    public static class Order {
        private final SpscRing<Letter> ring = new SpscRing<>(4);

        @Actor
        public void sender() {
            put(ring, 1);
            put(ring, 2);
        }

        @Actor
        public void receiver(II_Result r) {
            r.r1 = ring.drain(2, (element, a, b, c) -> r.r2 = r.r2 * 10 + whole(element, a, c));
        }
    }

    /** A place is used again only when the receiver is done with it: the third letter never overwrites the first. */
    @JCStressTest
    @State
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the first; no room yet for the third")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the first; then the third took its place")
    @Outcome(expect = FORBIDDEN, desc = "the first was overwritten, or parts of the third were lost")
    public static class SlotReuse {
        private final SpscRing<Letter> ring = new SpscRing<>(2);
        private int first = -1;
        private int sum;

        public SlotReuse() {
            put(ring, 1);
            put(ring, 2);
        }

        @Actor
        public void sender(II_Result r) {
            r.r2 = ring.put(new Letter(3), new Letter(3), null, new Letter(3)) ? 1 : 0;
        }

        @Actor
        public void receiver() {
            ring.drain(1, (element, a, b, c) -> first = whole(element, a, c));
        }

        @org.openjdk.jcstress.annotations.Arbiter
        public void arbiter(II_Result r) {
            ring.drain(2, (element, a, b, c) -> sum += whole(element, a, c));
            r.r1 = sum == (r.r2 == 1 ? 5 : 2) ? first : -2;
        }
    }

    /** What the receiver has not seen as news it sees later. */
    @JCStressTest
    @State
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "both arrived")
    @Outcome(expect = FORBIDDEN, desc = "one was lost")
    public static class NothingIsLost {
        private final SpscRing<Letter> ring = new SpscRing<>(2);
        private int taken;

        @Actor
        public void sender() {
            put(ring, 1);
            put(ring, 2);
        }

        @Actor
        public void receiver() {
            take();
            take();
        }

        @org.openjdk.jcstress.annotations.Arbiter
        public void arbiter(I_Result r) {
            take();
            r.r1 = ring.hasNews() ? -1 : taken;
        }

        private void take() {
            taken += ring.drain(2, (element, a, b, c) -> { });
        }
    }
}

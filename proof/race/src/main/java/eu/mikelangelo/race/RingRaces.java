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
    }

    /** What a published element refers to is seen with it. */
    @JCStressTest
    @State
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "not there yet")
    @Outcome(id = "42", expect = ACCEPTABLE, desc = "there, and whole")
    @Outcome(id = "-1", expect = FORBIDDEN, desc = "there, and torn")
    public static class Publication {
        private final SpscRing<Letter> ring = new SpscRing<>(2);

        @Actor
        public void sender() {
            Letter letter = new Letter();
            letter.text = 42;
            ring.put(letter);
            ring.publish();
        }

        @Actor
        public void receiver(I_Result r) {
            if (ring.available() > 0) {
                Letter letter = ring.take();
                r.r1 = letter == null || letter.text == 0 ? -1 : letter.text;
                ring.release();
            }
        }
    }

    /** A batch becomes visible as a whole, and in its order. */
    @JCStressTest
    @State
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "nothing yet")
    @Outcome(id = "2, 12", expect = ACCEPTABLE, desc = "both, in order")
    @Outcome(expect = FORBIDDEN, desc = "half a batch, or out of order")
    public static class Batch {
        private final SpscRing<Letter> ring = new SpscRing<>(4);

        @Actor
        public void sender() {
            for (int i = 1; i <= 2; i++) {
                Letter letter = new Letter();
                letter.text = i;
                ring.put(letter);
            }
            ring.publish();
        }

        @Actor
        public void receiver(II_Result r) {
            r.r1 = ring.available();
            for (int i = 0; i < r.r1; i++) {
                r.r2 = r.r2 * 10 + ring.take().text;
            }
        }
    }

    /** A slot is used again only when the receiver is done with it: the third letter never overwrites the first. */
    @JCStressTest
    @State
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "the first; no room yet for the third")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the first; then the third took its slot")
    @Outcome(expect = FORBIDDEN, desc = "the first was overwritten")
    public static class SlotReuse {
        private final SpscRing<Letter> ring = new SpscRing<>(2);

        public SlotReuse() {
            for (int i = 1; i <= 2; i++) {
                Letter letter = new Letter();
                letter.text = i;
                ring.put(letter);
            }
            ring.publish();
        }

        @Actor
        public void sender(II_Result r) {
            Letter third = new Letter();
            third.text = 3;
            r.r2 = ring.put(third) ? 1 : 0;
            ring.publish();
        }

        @Actor
        public void receiver(II_Result r) {
            ring.available();
            Letter first = ring.take();
            ring.release();
            r.r1 = first == null ? -1 : first.text;
        }
    }

    /** What the receiver has not seen as news it sees later: nothing is ever forgotten between the two indices. */
    @JCStressTest
    @State
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "both arrived")
    @Outcome(expect = FORBIDDEN, desc = "one was lost")
    public static class NothingIsLost {
        private final SpscRing<Letter> ring = new SpscRing<>(2);
        private int taken;

        @Actor
        public void sender() {
            ring.put(new Letter());
            ring.publish();
            ring.put(new Letter());
            ring.publish();
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
            for (int some = ring.available(); some > 0; some--) {
                taken += ring.take() == null ? 0 : 1;
            }
            ring.release();
        }
    }
}

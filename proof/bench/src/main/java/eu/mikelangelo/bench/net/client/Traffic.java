package eu.mikelangelo.bench.net.client;

import java.util.Arrays;

/** Frames both ways between two cards, counted by number: a frame that arrived is one that was asked for. */
abstract class Traffic implements AutoCloseable {
    /** What is under way when a run ends has so long to arrive. */
    private static final long DRAIN_NS = 2_000_000_000;
    /** Longer than anything waits in a switch: what was sent before that and is not there is lost. */
    private static final long STALL_NS = 300_000_000;

    final Card[] cards;
    /** By the card that sends: frames sent, and the number of the frame that is awaited. */
    private final long[] sent = new long[2];
    private final long[] awaited = new long[2];
    private final long[] lost = new long[2];
    private long arrived;
    private long lastNs;

    Traffic(Card first, Card second) {
        cards = new Card[] {first, second};
    }

    /**
     * Sends for a while, then waits for what is under way.
     *
     * @return what it measured, as {@link ClientMain#value} has it
     * @throws IllegalStateException when a frame arrives that is not as it was sent
     */
    final String run(long ns) {
        long lostBefore = lost();
        long arrivedBefore = arrived;
        long start = System.nanoTime();
        lastNs = start;
        begin(start);
        for (long now = start; now - start < ns; now = System.nanoTime()) {
            turn(now);
            stall(now);
        }
        String measured = measured(arrived - arrivedBefore, System.nanoTime() - start);
        drain();
        return measured.strip() + ClientMain.value("lost", lost() - lostBefore)
                + ClientMain.value("arrived", arrived - arrivedBefore);
    }

    private void drain() {
        for (long start = System.nanoTime(), now = start; underWay(0) + underWay(1) > 0; now = System.nanoTime()) {
            receive(0, now);
            receive(1, now);
            if (now - start > DRAIN_NS) {
                giveUp();
            }
        }
    }

    /** A switch that has dropped all that is under way would be waited for in vain. */
    private void stall(long now) {
        if (now - lastNs > STALL_NS && underWay(0) + underWay(1) > 0) {
            giveUp();
            lastNs = now;
        }
    }

    private void giveUp() {
        for (int from = 0; from < cards.length; from++) {
            lost[from] += underWay(from);
            awaited[from] = sent[from];
        }
    }

    private long lost() {
        return Arrays.stream(lost).sum();
    }

    /** Before a run. */
    abstract void begin(long nowNs);

    /** Sends what is due and receives what is there. */
    abstract void turn(long nowNs);

    /** Receives what came to a card. */
    abstract void receive(int to, long nowNs);

    /** @param frames that arrived. @param ns in which they did */
    abstract String measured(long frames, long ns);

    /** The next frame's number. */
    final long next(int from) {
        return sent[from]++;
    }

    /** Frames of this card that have not arrived and are not known to be lost. */
    final long underWay(int from) {
        return sent[from] - awaited[from];
    }

    /**
     * Notes a frame's arrival.
     *
     * @throws IllegalStateException when it came before, or overtook another, or was never sent
     */
    final void arrived(int from, long number, long nowNs) {
        // One that was given up may come late; it counts as lost all the same.
        if (number < awaited[from] && lost[from] > 0) {
            return;
        }
        if (number < awaited[from] || number >= sent[from]) {
            throw new IllegalStateException("frame " + number + " of card " + from + " arrived when " + awaited[from]
                    + " was awaited and " + sent[from] + " were sent");
        }
        lost[from] += number - awaited[from];
        awaited[from] = number + 1;
        arrived++;
        lastNs = nowNs;
    }

    /** Any number of two. */
    static long mix(long a, long b) {
        long all = a * 0x9e37_79b9_7f4a_7c15L ^ b * 0xc2b2_ae3d_27d4_eb4fL;
        return all ^ all >>> 29;
    }

    static void check(boolean good, String what, long number) {
        if (!good) {
            throw new IllegalStateException("frame " + number + " arrived with another " + what);
        }
    }

    @Override
    public final void close() {
        for (Card card : cards) {
            card.close();
        }
    }
}

package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PortStats;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two honest guests exchange frames through the shipped plane while a third misbehaves in every way it can: the plane
 * lives, says what is wrong, and the honest two lose no frame and little speed.
 *
 * <p>Speed is compared over short windows in turn: with the attack, and with the same work done by the same thread
 * against nothing. So what counts is what the attack does to the plane, not that its author needs a CPU as well, which
 * it would on any host. Settings: {@code -Dmike.windows=N} of each kind (15), {@code -Dmike.hostile.seed=N}.
 */
@Tag("system")
@Timeout(600)
class HostileNeighbourTest {
    private static final int WINDOWS = Integer.getInteger("mike.windows", 15);
    private static final long SEED = Long.getLong("mike.hostile.seed", System.nanoTime() & 0xffff_ffffL);
    private static final int FRAMES = 30_000;
    private static final int WARM_FRAMES = 300_000;
    private static final double MOST_LOSS = 0.10;

    @Test
    void nothingThatAGuestDoesCostsItsNeighboursMuch() throws Exception {
        System.out.println("hostile neighbour: seed " + SEED);
        List<String> failures = new ArrayList<>();
        try (PlaneDaemon plane = PlaneDaemon.withControl("hostile"); PlaneClient client = plane.client()) {
            for (String name : List.of("left", "right", "hostile")) {
                plane.add(client, name);
            }
            try (RingGuest left = new RingGuest(plane.socket("left"), 1, true);
                    RingGuest right = new RingGuest(plane.socket("right"), 2, true)) {
                left.start();
                right.start();
                Honest pair = new Honest(left, right);
                pair.exchange(WARM_FRAMES, 0);
                for (Attack attack : Attack.values()) {
                    try (RingGuest real = new RingGuest(plane.socket("hostile"), 3, true);
                            RingGuest decoy = new RingGuest(plane.socket("nobody"), 4, true)) {
                        failures.addAll(compare(plane, client, pair, attack, real, decoy));
                    }
                }
                assertEquals(0, PlaneDaemon.stats(client, "right").drops().size(), "the honest lose nothing");
            }
        }
        assertTrue(failures.isEmpty(), () -> String.join("\n", failures));
    }

    private static List<String> compare(PlaneDaemon plane, PlaneClient client, Honest pair, Attack attack,
            RingGuest real, RingGuest decoy) throws Exception {
        real.start();
        decoy.reset();
        PortStats before = PlaneDaemon.stats(client, "hostile");
        List<String> failures = new ArrayList<>();
        List<Double> speed = new ArrayList<>();
        List<Double> cost = new ArrayList<>();
        long target = attack == Attack.DEAF ? real.mac : 0;
        String fault = "";
        try (Hostile hostile = new Hostile(attack, real, decoy, new Random(SEED))) {
            for (int i = 0; i < WINDOWS; i++) {
                double[] rate = new double[2];
                double[] ns = new double[2];
                for (int half = 0; half < 2; half++) {
                    boolean attacks = (i + half & 1) == 1; // which comes first changes, too
                    hostile.attack(attacks);
                    long core = plane.coreNs();
                    long begin = System.nanoTime();
                    pair.exchange(FRAMES, target);
                    rate[attacks ? 1 : 0] = 1e9 * FRAMES / (System.nanoTime() - begin);
                    ns[attacks ? 1 : 0] = (double) (plane.coreNs() - core) / FRAMES;
                    String said = PlaneDaemon.stats(client, "hostile").lastError();
                    fault = attacks && !said.isEmpty() ? said : fault;
                }
                speed.add(rate[1] / rate[0]);
                cost.add(ns[1] / ns[0]);
            }
            failures.addAll(hostile.failures());
        }
        PortStats after = PlaneDaemon.stats(client, "hostile");
        System.out.printf(Locale.ROOT, "hostile neighbour %s: the honest two's speed %s, the core's CPU time a frame %s;"
                + " reported: \"%s\", drops %s%n", attack, text(speed), text(cost), fault, after.drops());
        if (!plane.alive()) {
            failures.add(attack + ": the plane died: " + plane.said());
        }
        if (!fault.contains(attack.fault)) {
            failures.add(attack + ": the plane says \"" + fault + "\", not \"" + attack.fault + "\"");
        }
        if (attack == Attack.DEAF && after.drops().equals(before.drops())) {
            failures.add(attack + ": nothing was counted");
        }
        if (median(speed) < 1 - MOST_LOSS && median(cost) > 1 / (1 - MOST_LOSS)) {
            failures.add(attack + ": the honest two's speed falls to " + text(speed) + ", a frame costs " + text(cost));
        }
        return failures;
    }

    private static double median(List<Double> of) {
        List<Double> sorted = new ArrayList<>(of);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    private static String text(List<Double> of) {
        return String.format(Locale.ROOT, "x %.2f (%.2f to %.2f)", median(of), Collections.min(of),
                Collections.max(of));
    }

    /** Frames from one guest to another, both in one thread; there is a buffer for each frame under way. */
    private static final class Honest {
        private static final int UNDER_WAY = 192;
        private static final int LENGTH = 1_000;
        /** With a third: every so many frames, one is for it. */
        private static final int SHARE = 16;
        private final RingGuest from;
        private final RingGuest to;
        private long sent;
        private long taken;

        Honest(RingGuest from, RingGuest to) {
            this.from = from;
            this.to = to;
        }

        /** @param third address that gets a frame now and then, 0: none does */
        void exchange(int frames, long third) {
            long last = sent + frames;
            long patience = System.nanoTime() + 60_000_000_000L;
            while (taken < last) {
                assertTrue(System.nanoTime() < patience, "lost: frame " + taken + " of " + last);
                turn(third, last);
            }
        }

        private void turn(long third, long last) {
            int room = from.room() - (third == 0 ? 0 : UNDER_WAY / SHARE + 1);
            int now = (int) Math.min(room, Math.min(last - sent, UNDER_WAY - (sent - taken)));
            for (int i = 0; i < now; i++) {
                from.put(to.mac, sent++, LENGTH);
                if (third != 0 && sent % SHARE == 0) {
                    from.put(third, 0, LENGTH);
                }
            }
            if (now > 0) {
                from.flush();
            }
            take();
        }

        private void take() {
            boolean any = false;
            while (to.take()) {
                assertEquals(taken, to.sequence(), "a frame is missing or in the wrong place");
                taken++;
                any = true;
            }
            if (any) {
                to.offer();
            }
        }
    }
}

package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.plane.api.PlaneClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two honest guests exchange frames through the shipped plane while a third misbehaves in every way it can: the plane
 * lives, says what is wrong, and the honest two lose no frame and little speed.
 *
 * <p>Speed is compared over short windows in turn: with the attack, and with the same work done by the same thread
 * against nothing. So what counts is what the attack does to the plane, not that its author needs a CPU as well, which
 * it would on any host. Settings: {@code -Dmike.windows=N} of each kind (25), {@code -Dmike.hostile.seed=N}.
 */
@Tag("system")
@Timeout(600)
class HostileNeighbourTest {
    private static final int WINDOWS = Integer.getInteger("mike.windows", 25);
    private static final long SEED = Long.getLong("mike.hostile.seed", System.nanoTime() & 0xffff_ffffL);
    private static final int FRAMES = 600_000;
    private static final int WARM_FRAMES = 3_000_000;
    private static final double MOST_LOSS = 0.10;

    private final List<String> failures = new ArrayList<>();
    private PlaneDaemon plane;
    /** Null where there is no control socket. */
    private PlaneClient client;

    @Test
    void nothingThatAGuestDoesCostsItsNeighboursMuch() throws Exception {
        try (PlaneDaemon daemon = PlaneDaemon.withControl("hostile"); PlaneClient control = daemon.client()) {
            plane = daemon;
            client = control;
            for (String name : List.of("left", "right", "hostile")) {
                plane.add(client, name);
            }
            compare(List.of(Attack.LOOPS, Attack.OUTSIDE, Attack.FLIPS, Attack.KICKS, Attack.DEAF));
            assertEquals(0, PlaneDaemon.stats(client, "right").drops().size(), "the honest lose nothing");
        }
        assertTrue(failures.isEmpty(), () -> String.join("\n", failures));
    }

    /** The agent's plane refuses such memory, and says so; io serve takes it unless it is told not to. */
    @Test
    void memoryThatShrinksCostsItsNeighboursLittle() throws Exception {
        try (PlaneDaemon serving = PlaneDaemon.serving("shrinking", "left", "right", "hostile")) {
            plane = serving;
            compare(List.of(Attack.SHRINKS));
        }
        assertTrue(failures.isEmpty(), () -> String.join("\n", failures));
    }

    @Test
    void memoryThatCouldShrinkIsRefusedByTheAgentsPlane() throws Exception {
        try (PlaneDaemon daemon = PlaneDaemon.withControl("refusing"); PlaneClient control = daemon.client();
                RingGuest hostile = new RingGuest(daemon.socket("hostile"), 1, false)) {
            daemon.add(control, "hostile");
            assertThrows(IllegalStateException.class, hostile::start);
            Host.await(() -> fault(control).contains("shr"), "the plane does not say why");
        }
    }

    private static String fault(PlaneClient control) {
        try {
            return PlaneDaemon.stats(control, "hostile").lastError();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void compare(List<Attack> attacks) throws Exception {
        System.out.println("hostile neighbour: seed " + SEED);
        try (RingGuest left = new RingGuest(plane.socket("left"), 1, true);
                RingGuest right = new RingGuest(plane.socket("right"), 2, true)) {
            left.start();
            right.start();
            HonestPair pair = new HonestPair(left, right);
            pair.exchange(WARM_FRAMES, 0);
            for (Attack attack : attacks) {
                try (RingGuest real = new RingGuest(plane.socket("hostile"), 3, attack != Attack.SHRINKS);
                        RingGuest decoy = new RingGuest(plane.socket("nobody"), 4, true);
                        Hostile hostile = new Hostile(attack, real, decoy, new Random(SEED), pair::arrived)) {
                    compare(pair, attack, real, hostile);
                    failures.addAll(hostile.failures());
                }
            }
        }
    }

    private void compare(HonestPair pair, Attack attack, RingGuest real, Hostile hostile) throws Exception {
        real.start();
        long target = attack == Attack.DEAF ? real.mac : 0;
        List<Double> speed = new ArrayList<>();
        List<Double> cost = new ArrayList<>();
        for (int i = 0; i < WINDOWS; i++) {
            double[] rate = new double[2];
            double[] ns = new double[2];
            for (int half = 0; half < 2; half++) {
                int attacks = i + half & 1; // which comes first changes, too
                hostile.attack(attacks == 1);
                long core = plane.coreNs();
                long begin = System.nanoTime();
                pair.exchange(FRAMES, target);
                rate[attacks] = 1e9 * FRAMES / (System.nanoTime() - begin);
                ns[attacks] = (double) (plane.coreNs() - core) / FRAMES;
            }
            speed.add(rate[1] / rate[0]);
            cost.add(ns[1] / ns[0]);
        }
        String reported = reported(pair, attack, hostile, target);
        System.out.printf(Locale.ROOT, "hostile neighbour %s: the honest two's speed %s, the core's CPU time"
                + " a frame %s; %s; reported: %s%n", attack, text(speed), text(cost), hostile.counts(), reported);
        if (!plane.alive()) {
            failures.add(attack + ": the plane died: " + plane.said());
        }
        if (median(speed) < 1 - MOST_LOSS && median(cost) > 1 / (1 - MOST_LOSS)) {
            failures.add(attack + ": the honest two's speed " + text(speed) + ", a frame costs " + text(cost));
        }
    }

    /** What the plane says of the attack that goes on. */
    private String reported(HonestPair pair, Attack attack, Hostile hostile, long target) throws Exception {
        hostile.attack(true);
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (true) {
            pair.exchange(attack.framesPerStep, target);
            String fault = client == null ? plane.said() : PlaneDaemon.stats(client, "hostile").lastError();
            long lost = client == null ? 0
                    : PlaneDaemon.stats(client, "hostile").drops().getOrDefault("noBuffers", 0L);
            boolean told = attack == Attack.DEAF ? lost > 0
                    : attack.fault.isEmpty() || Pattern.compile(attack.fault).matcher(fault).find();
            if (told) {
                return attack == Attack.DEAF ? lost + " frames lost for want of buffers" : "\"" + fault.strip() + "\"";
            }
            if (System.nanoTime() > deadline) {
                failures.add(attack + ": the plane says \"" + fault + "\"");
                return "nothing";
            }
        }
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
}

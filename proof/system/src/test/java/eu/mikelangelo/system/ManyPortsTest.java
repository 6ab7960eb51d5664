package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PortStats;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * 64 ports on one core of the shipped plane: each guest sends to the next one, all served by one thread here. Settings:
 * {@code -Dmike.plugs=N} (60), {@code -Dmike.stalls=N} (20).
 */
@Tag("system")
@Timeout(600)
class ManyPortsTest {
    private static final int PORTS = 64;
    /** These stay; the others come and go, or stall. */
    private static final int STAYING = 48;
    private static final int PLUGS = Integer.getInteger("mike.plugs", 60);
    private static final int STALLS = Integer.getInteger("mike.stalls", 20);
    private static final int FRAMES = 20_000;
    /**
     * What a receiver that stalls may cost a frame of others: the switch's patience is 2 ms. A busy host delays frames
     * for as long as it likes, so they are compared with what it does to those that wait for nobody.
     */
    private static final double MOST_MORE_MILLIS = 20;
    private static final double MOST_TIMES = 2;
    private PlaneDaemon plane;
    private PlaneClient client;
    private final List<RingGuest> guests = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        plane = PlaneDaemon.withControl("ports");
        client = plane.client();
        for (int i = 0; i < PORTS; i++) {
            plane.add(client, "p" + i);
            guests.add(new RingGuest(plane.socket("p" + i), i + 1, true));
            guests.getLast().start();
        }
    }

    @AfterEach
    void stop() throws Exception {
        guests.forEach(RingGuest::close);
        client.close();
        plane.close();
    }

    @Test
    void portsComeAndGoUnderTrafficAmongTheOthers() throws Exception {
        Circle circle = new Circle(guests.subList(0, STAYING));
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Thread plugger = Thread.ofPlatform().name("plugger").start(() -> {
            try {
                for (int i = 0; i < PLUGS; i++) {
                    plug(STAYING + i % (PORTS - STAYING));
                }
            } catch (Exception | AssertionError e) {
                failed.set(e);
            }
        });
        long begin = System.nanoTime();
        while (plugger.isAlive()) {
            circle.turn(0);
        }
        circle.drain();
        double seconds = (System.nanoTime() - begin) / 1e9;
        assertEquals(null, failed.get(), () -> failed.get() + "; the plane: " + plane.said());
        for (int i = 0; i < STAYING; i++) {
            PortStats stats = PlaneDaemon.stats(client, "p" + i);
            assertEquals(List.of(), List.copyOf(stats.drops().keySet()), "p" + i + " lost frames: " + stats);
        }
        System.out.printf(Locale.ROOT, "many ports: %d on one core, %d removed and added again in %.1f s; among the %d"
                + " that stayed %d frames, none lost, none out of order%n", PORTS, PLUGS, seconds, STAYING,
                circle.arrived());
        assertTrue(circle.arrived() > 100L * PLUGS, "too little traffic for this to mean anything");
    }

    /** Takes a port away in the middle of its traffic and adds it again. */
    private void plug(int number) throws Exception {
        RingGuest guest = guests.get(number);
        for (int i = guest.room(); i > 0; i--) {
            // To itself: when its address is forgotten, a frame for another of those who go would be flooded.
            guest.put(guest.mac, i, 1_000);
        }
        guest.flush();
        client.removePort("p" + number);
        guest.hangUp();
        plane.add(client, "p" + number);
        guest.start();
    }

    /** Everybody sends to one that takes nothing, then to one that does, in turn; the last one is it. */
    @Test
    void oneThatStallsBlocksNobody() throws Exception {
        Circle circle = new Circle(guests.subList(0, STAYING));
        RingGuest slow = guests.getLast();
        circle.exchange(10 * FRAMES, 0, null);
        Delays free = new Delays();
        Delays stalled = new Delays();
        for (int i = 0; i < STALLS; i++) {
            circle.delays = i % 2 == 0 ? free : stalled;
            circle.exchange(FRAMES, slow.mac, i % 2 == 0 ? slow : null);
            circle.delays = i % 2 == 0 ? stalled : free;
            circle.exchange(FRAMES, slow.mac, i % 2 == 0 ? null : slow);
        }
        PortStats stats = PlaneDaemon.stats(client, "p" + (PORTS - 1));
        System.out.printf(Locale.ROOT, "many ports: delay of a frame among %d ports while one more takes its"
                + " frames: %s; while it takes none: %s; it lost %s%n", STAYING, free.text(), stalled.text(),
                stats.drops());
        assertTrue(stats.drops().getOrDefault("noBuffers", 0L) > 0, "it did not stall: " + stats);
        for (int i = 0; i < STAYING; i++) {
            assertEquals(0, PlaneDaemon.stats(client, "p" + i).drops().size(), "p" + i + " lost frames");
        }
        assertTrue(stalled.millis(0.99) <= MOST_TIMES * free.millis(0.99) + MOST_MORE_MILLIS,
                "a stalled port delays others");
    }

    /** Delays of frames, in ns. */
    private static final class Delays {
        private final long[] all = new long[STALLS * FRAMES + PORTS * RingGuest.SIZE];
        private int count;
        private boolean sorted;

        void add(long ns) {
            if (count < all.length) {
                all[count++] = ns;
            }
        }

        double millis(double share) {
            if (!sorted) {
                Arrays.sort(all, 0, count);
                sorted = true;
            }
            return all[(int) Math.min(count - 1, share * count)] / 1e6;
        }

        String text() {
            return String.format(Locale.ROOT, "median %.2f, p99 %.2f, worst %.2f ms", millis(0.5), millis(0.99),
                    millis(1));
        }
    }

    /** Each sends to the next one; a receiver has a buffer for each frame that is under way to it. */
    private static final class Circle {
        private static final int UNDER_WAY = 32;
        private static final int SHARE = 8;
        private final List<RingGuest> members;
        private final long[] sent;
        private final long[] taken;
        private final long[][] times;
        private Delays delays = new Delays();

        Circle(List<RingGuest> members) {
            this.members = members;
            sent = new long[members.size()];
            taken = new long[members.size()];
            times = new long[members.size()][UNDER_WAY];
        }

        long arrived() {
            return Arrays.stream(taken).sum();
        }

        /** @param third address that gets a frame now and then, 0: none does
         * @param takes its owner; null: it stalls */
        void exchange(int frames, long third, RingGuest takes) {
            long last = arrived() + frames;
            while (arrived() < last) {
                turn(third);
                drain(takes);
            }
            drain();
        }

        private static void drain(RingGuest guest) {
            boolean any = false;
            while (guest != null && guest.take()) {
                any = true;
            }
            if (any) {
                guest.offer();
            }
        }

        void turn(long third) {
            for (int i = 0; i < members.size(); i++) {
                send(i, third);
            }
            for (int i = 0; i < members.size(); i++) {
                take(i);
            }
        }

        private void send(int i, long third) {
            RingGuest from = members.get(i);
            RingGuest to = members.get((i + 1) % members.size());
            long now = System.nanoTime();
            int room = (int) Math.min(UNDER_WAY - (sent[i] - taken[i]), from.room() - UNDER_WAY / SHARE);
            for (int n = 0; n < room; n++) {
                times[i][(int) (sent[i] % UNDER_WAY)] = now;
                from.put(to.mac, sent[i]++, 500);
                if (third != 0 && sent[i] % SHARE == 0) {
                    from.put(third, 0, 500);
                }
            }
            from.flush();
        }

        /** What member i sent, from its neighbour's ring. */
        private void take(int i) {
            RingGuest to = members.get((i + 1) % members.size());
            boolean any = false;
            while (to.take()) {
                assertEquals(taken[i], to.sequence(), "member " + i + ": a frame is missing or in the wrong place");
                delays.add(System.nanoTime() - times[i][(int) (taken[i] % UNDER_WAY)]);
                taken[i]++;
                any = true;
            }
            if (any) {
                to.offer();
            }
        }

        /** Waits for all that is under way. */
        void drain() {
            long patience = System.nanoTime() + 60_000_000_000L;
            while (arrived() < Arrays.stream(sent).sum()) {
                assertTrue(System.nanoTime() < patience, "lost: " + arrived() + " of " + Arrays.stream(sent).sum());
                for (int i = 0; i < members.size(); i++) {
                    take(i);
                }
            }
        }
    }
}

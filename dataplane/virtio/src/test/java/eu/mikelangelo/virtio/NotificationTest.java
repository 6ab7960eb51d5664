package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.virtio.driver.Driver;
import eu.mikelangelo.virtio.driver.PackedDriver;
import eu.mikelangelo.virtio.mock.MockDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kicks and calls: none too few whatever the order of steps, and not many too many. */
class NotificationTest {
    private static final int SIZE = 4;
    /** In which of the six orders of two steps on each side the first side moves; a bit per turn. */
    private static final int[] ORDERS = {0b0011, 0b0101, 0b0110, 0b1001, 0b1010, 0b1100};

    private MockDriver driver;
    private VirtQueue queue;
    private final ScatterList pieces = new ScatterList(100);

    private void attach(long features, int start) {
        MockGuest guest = new MockGuest(2 << 20);
        boolean packed = Features.has(features, Features.PACKED);
        driver = new MockDriver(guest, SIZE, 64, Features.VERSION_1 | features,
                packed ? PackedDriver.FIRST_BASE : start);
        queue = VirtQueue.of(features);
        assertEquals(QueueFault.NONE, queue.attach(guest.memory(), driver.config()));
    }

    private void post(int chains) {
        for (int i = 0; i < chains; i++) {
            assertTrue(driver.add(new int[] {8}, new int[0], false) >= 0);
        }
        driver.publish();
    }

    private void serve(int chains) {
        for (int i = 0; i < chains; i++) {
            pieces.clear();
            assertTrue(queue.available() > 0);
            queue.complete(queue.walk(0, pieces, null), 0);
            queue.take(1);
        }
        queue.publish();
    }

    private void collect(int chains) {
        for (int i = 0; i < chains; i++) {
            assertTrue(driver.pollUsed() >= 0);
        }
    }

    /** Goes round the ring so that each place and wrap counter is met. */
    private void turn(int chains) {
        queue.suppressKicks();
        driver.suppressCalls();
        for (int i = 0; i < chains; i++) {
            post(1);
            driver.needsKick();
            serve(1);
            VirtQueue.fence();
            queue.shouldCall();
            collect(1);
        }
        assertEquals(0, queue.available());
    }

    /** The device goes to sleep while the driver adds: it is awake or was kicked. */
    @ParameterizedTest
    @ValueSource(longs = {0, Features.EVENT_IDX, Features.PACKED, Features.PACKED | Features.EVENT_IDX})
    void armingRacesWithAdding(long features) {
        for (int place = 0; place <= 2 * SIZE; place++) {
            for (int order : ORDERS) {
                for (int chains = 1; chains <= SIZE; chains++) {
                    attach(features, 65_532);
                    turn(place);
                    assertFalse(kickedOrAwake(order, 0), "kicked for nothing");
                    assertTrue(kickedOrAwake(order, chains), "place " + place + " order " + order);
                }
            }
        }
    }

    private boolean kickedOrAwake(int order, int chains) {
        int driverSteps = 0;
        int deviceSteps = 0;
        boolean told = false;
        for (int turn = 0; turn < 4; turn++) {
            if ((order >> turn & 1) != 0) {
                if (driverSteps++ == 0) {
                    post(chains);
                } else {
                    told |= chains > 0 && driver.needsKick();
                }
            } else if (deviceSteps++ == 0) {
                queue.armKicks();
            } else {
                VirtQueue.fence();
                told |= queue.news();
            }
        }
        return told;
    }

    /** The driver goes to sleep while the device uses: it is awake or was called. */
    @ParameterizedTest
    @ValueSource(longs = {0, Features.EVENT_IDX, Features.PACKED, Features.PACKED | Features.EVENT_IDX})
    void armingRacesWithUsing(long features) {
        for (int place = 0; place <= 2 * SIZE; place++) {
            for (int order : ORDERS) {
                for (int chains = 1; chains <= SIZE; chains++) {
                    attach(features, 65_532);
                    turn(place);
                    post(chains);
                    assertTrue(calledOrAwake(order, chains), "place " + place + " order " + order);
                }
            }
        }
    }

    private boolean calledOrAwake(int order, int chains) {
        int driverSteps = 0;
        int deviceSteps = 0;
        boolean told = false;
        for (int turn = 0; turn < 4; turn++) {
            if ((order >> turn & 1) != 0) {
                if (driverSteps++ == 0) {
                    driver.driver().armCalls();
                } else {
                    Driver.fence();
                    told |= driver.driver().hasUsed();
                }
            } else if (deviceSteps++ == 0) {
                serve(chains);
            } else {
                VirtQueue.fence();
                told |= queue.shouldCall();
            }
        }
        return told;
    }

    /** An event position is passed once, not with every chain behind it; what is suppressed stays silent. */
    @ParameterizedTest
    @ValueSource(longs = {Features.EVENT_IDX, Features.PACKED | Features.EVENT_IDX})
    void onePassingOneNotification(long features) {
        attach(features, 65_532);
        turn(1);
        queue.armKicks();
        driver.armCalls();
        int kicks = 0;
        int calls = 0;
        for (int i = 0; i < SIZE; i++) {
            post(1);
            kicks += driver.needsKick() ? 1 : 0;
            serve(1);
            calls += queue.shouldCall() ? 1 : 0;
        }
        assertEquals(1, kicks);
        assertEquals(1, calls);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED, Features.PACKED | Features.EVENT_IDX})
    void suppressedIsSilentForManyLaps(long features) {
        attach(features, 0);
        queue.armKicks();
        driver.armCalls();
        turn(1);
        for (int i = 0; i < 10 * SIZE; i++) {
            post(1);
            assertFalse(driver.needsKick());
            serve(1);
            assertFalse(queue.shouldCall());
            collect(1);
        }
    }

    /** 2.8.14: reserved flags, and positions where none were agreed, mean "always". */
    @Test
    void strangeWishesAreTakenForEnable() {
        attach(Features.PACKED, 0);
        turn(1);
        for (int flags : new int[] {0, 2, 3, 4, 0xfffc, 0xffff}) {
            driver.driver().poke16(driver.availAddress() + 2, flags);
            assertTrue(queue.shouldCall(), "flags " + flags);
        }
        driver.driver().poke16(driver.availAddress() + 2, 1);
        assertFalse(queue.shouldCall());
    }

    /** The first answer after attaching with EVENT_IDX is yes: a call of a predecessor may be lost. */
    @ParameterizedTest
    @ValueSource(longs = {Features.EVENT_IDX, Features.PACKED | Features.EVENT_IDX})
    void firstPublicationCalls(long features) {
        attach(features, 0);
        driver.armCalls();
        driver.driver().poke16(driver.availAddress(), 2);
        post(1);
        serve(1);
        assertTrue(queue.shouldCall());
    }

    /** What was seen and not listed yet is no news. */
    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED})
    void seenIsNoNews(long features) {
        attach(features, 0);
        post(1);
        assertTrue(queue.news());
        assertEquals(1, queue.available());
        assertFalse(queue.news());
        assertTrue(queue.walk(0, pieces, null) >= 0);
        assertFalse(queue.news());
        post(1);
        assertTrue(queue.news());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.EVENT_IDX, Features.PACKED, Features.PACKED | Features.EVENT_IDX,
        Features.PACKED | Features.EVENT_IDX | Features.IN_ORDER})
    void nobodySleepsWhileThereIsWork(long features) {
        for (int seed = 0; seed < 80; seed++) {
            new Suppression(seed, features).run();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {Features.EVENT_IDX, Features.PACKED | Features.EVENT_IDX})
    void suppressionSavesKicksAndCalls(long features) {
        Suppression calm = new Suppression(1, features);
        calm.run();
        assertTrue(calm.kicks < calm.sent, calm.kicks + " kicks for " + calm.sent);
        assertTrue(calm.calls < calm.sent, calm.calls + " calls for " + calm.sent);
    }

    /** Steps of driver and device in random order: nobody may sleep while the other has left something for it. */
    private static final class Suppression {
        final Random random;
        final MockDriver driver;
        final VirtQueue queue;
        final ScatterList pieces = new ScatterList(100);
        boolean driverSleeps;
        boolean deviceSleeps;
        boolean kicked;
        boolean called;
        int sent;
        int received;
        int kicks;
        int calls;

        Suppression(int seed, long features) {
            random = new Random(seed);
            MockGuest guest = new MockGuest(2 << 20);
            boolean packed = Features.has(features, Features.PACKED);
            driver = new MockDriver(guest, 16, 64, Features.VERSION_1 | features,
                    packed ? PackedDriver.FIRST_BASE : 65_530);
            queue = VirtQueue.of(features);
            queue.attach(guest.memory(), driver.config());
        }

        void run() {
            for (int step = 0; step < 2000; step++) {
                if (random.nextBoolean()) {
                    driverStep();
                } else {
                    deviceStep();
                }
                boolean stuck = deviceSleeps && !kicked && driverSleeps && !called;
                assertTrue(!stuck || queue.available() == 0 && sent == received, "both sleep with work left");
                if (stuck) {
                    driverSleeps = false;
                }
            }
        }

        private void driverStep() {
            if (driverSleeps) {
                driverSleeps = !called;
                called = false;
                return;
            }
            driver.suppressCalls();
            while (driver.pollUsed() >= 0) {
                received++;
            }
            boolean full = false;
            for (int i = random.nextInt(20); i > 0 && !full; i--) {
                int[] one = {8};
                int[] two = {8, 8};
                full = driver.add(random.nextBoolean() ? one : two, new int[0], false) < 0;
                sent += full ? 0 : 1;
            }
            driver.publish();
            if (driver.needsKick()) {
                kicks++;
                kicked = true;
            }
            if (full || random.nextInt(4) == 0) {
                driverSleeps = !driver.armCalls();
            }
        }

        private void deviceStep() {
            if (deviceSleeps) {
                deviceSleeps = !kicked;
                kicked = false;
                return;
            }
            queue.suppressKicks();
            for (int i = random.nextInt(9); i > 0 && queue.available() > 0; i--) {
                pieces.clear();
                queue.complete(queue.walk(0, pieces, null), 0);
                queue.take(1);
            }
            if (queue.publish()) {
                VirtQueue.fence();
                if (queue.shouldCall()) {
                    calls++;
                    called = true;
                }
            }
            if (queue.available() == 0) {
                queue.armKicks();
                VirtQueue.fence();
                deviceSleeps = !queue.news();
            }
        }
    }
}

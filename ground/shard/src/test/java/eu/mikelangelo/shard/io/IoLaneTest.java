package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Fiber;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class IoLaneTest {
    private static final long TIME_NS = 400_000_000;
    private final Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true));

    @AfterEach
    void stop() {
        host.close();
        assertEquals(List.of(), host.errors().entries());
    }

    @Test
    void aDeviceIsDividedByShareAndItsRateHolds() {
        Device device = new Device(host, "disk", 10_000, 1_000_000_000);
        IoLane.Lanes lanes = new IoLane.Lanes(device);
        IoLane big = lanes.lane("big", 300);
        IoLane small = lanes.lane("small", 100);
        Sharded<int[]> done = host.spread(shard -> new int[2]);
        List<int[]> counts = host.run(() -> {
            long end = System.nanoTime() + TIME_NS;
            done.onEach(mine -> {
                // Of each more wishes than the device lets through after it had nothing to do.
                for (int i = 0; i < 120; i++) {
                    IoLane lane = i < 60 ? big : small;
                    Shard.current().fiber(() -> {
                        while (System.nanoTime() < end) {
                            lane.admit(10_000);
                            mine[lane == big ? 0 : 1]++;
                        }
                        return null;
                    });
                }
                return null;
            }).await();
            Fiber.sleepNs(TIME_NS + 20_000_000);
            return done.gather(mine -> mine).await();
        });
        int bigs = counts.get(0)[0] + counts.get(1)[0];
        int smalls = counts.get(0)[1] + counts.get(1)[1];
        // 100 µs an operation and 10 µs for its bytes, and what may be done ahead.
        double most = (TIME_NS + Device.BURST_NS) / 110_000.0 + 240;
        // A machine that does not let the loops run loses what they did not ask for in time.
        assertTrue(bigs + smalls <= most && bigs + smalls > 500, bigs + " + " + smalls + " of " + most);
        assertTrue(bigs > 2.3 * smalls && bigs < 3.7 * smalls, bigs + " to " + smalls);
    }

    @Test
    void aWishThatLostItsPatienceIsForgotten() {
        Device device = new Device(host, "slow", 10, 1_000_000);
        IoLane lane = new IoLane.Lanes(device).lane("only", 1);
        host.run(() -> {
            lane.admit(0);
            assertThrows(Context.Ended.class, () -> Context.within(2_000_000, () -> {
                lane.admit(0);
                return null;
            }));
            long ahead = device.waitNs(System.nanoTime()) + Device.BURST_NS;
            assertTrue(ahead <= device.costNs(0), "the wish that was given up was not paid for: " + ahead + " ns");
            lane.admit(0);
            return null;
        });
        assertThrows(IllegalArgumentException.class, () -> new Device(host, "none", 0, 1));
        assertThrows(IllegalArgumentException.class, () -> lane.shares(0));
    }
}

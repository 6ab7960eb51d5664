package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import eu.mikelangelo.ioplane.link.HostLink;
import eu.mikelangelo.ioplane.link.Namespace;
import eu.mikelangelo.ioplane.link.PacketLink;
import eu.mikelangelo.ioplane.link.TapLink;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Nothing is allocated per frame of an interface of the host: two switches, one with a TAP, one with a packet socket on
 * the same interface, throw frames to each other. Needs root, else it is skipped.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class LinkAllocationTest {
    private static final int FRAMES = 20_000;
    private static final long WARM_UP_NS = 60_000_000_000L;
    /** A frame for a station behind the other side's port, and one back. */
    private static final long HERE = 0x020000000001L;
    private static final long THERE = 0x020000000002L;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final NetOffload plain = new NetOffload();
    private final ScatterList frame = new ScatterList(1);

    private static Port port(Bench bench, HostLink link) {
        Port port = new Port(PortConfig.open(link.name()), link);
        assertTrue(bench.fabric.add(port, bench.nowNs));
        port.linked = true;
        link.begin(new HotCalls());
        return port;
    }

    /** Sends bursts in at one link and takes them out at the other. @return bytes allocated */
    private long pump(HostLink from, Bench bench, Port to) {
        long before = threads.getThreadAllocatedBytes(Thread.currentThread().threadId());
        for (int sent = 0; sent < FRAMES; sent += Switch.BURST) {
            for (int i = 0; i < Switch.BURST; i++) {
                assertEquals(0, from.deliver(frame, 0, 1514, plain));
            }
            from.flush();
            from.turn(bench.nowNs);
            for (int taken = 0; taken < Switch.BURST;) {
                to.link.ready(true, true, false);
                to.link.turn(bench.nowNs);
                taken += bench.fabric.fromLink(to, bench.nowNs);
                bench.fabric.flush();
            }
        }
        return threads.getThreadAllocatedBytes(Thread.currentThread().threadId()) - before;
    }

    @Test
    void nothingIsAllocatedPerFrame() throws Exception {
        Region memory = new Region(Arena.ofAuto().allocate(NetTransmit.MAX_FRAME, 8));
        memory.big48(0, THERE);
        memory.big48(6, HERE);
        memory.big16(12, 0x88b5);
        frame.add(memory, 0, 1514);
        Bench left = new Bench(false);
        Bench right = new Bench(false);
        try (Namespace here = new Namespace(); HostLink tap = here.run(() -> TapLink.open("tap0"));
                HostLink card = here.run(() -> PacketLink.open("tap0"))) {
            Port tapPort = port(left, tap);
            Port cardPort = port(right, card);
            long least = Long.MAX_VALUE;
            // A system call allocates until it is compiled, which takes its time on a busy host: one round is enough.
            for (long end = System.nanoTime() + WARM_UP_NS; least >= 4096 && System.nanoTime() < end;) {
                least = Math.min(least, pump(tap, right, cardPort) + pump(card, left, tapPort));
            }
            assertTrue(least < 4096, least + " bytes for " + 2 * FRAMES + " frames");
            assertTrue(cardPort.txFrames() >= FRAMES && tapPort.txFrames() >= FRAMES);
            assertEquals(0, cardPort.drops(Drop.MALFORMED) + tapPort.drops(Drop.MALFORMED));
        }
    }
}

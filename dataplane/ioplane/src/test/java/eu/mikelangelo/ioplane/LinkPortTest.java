package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.link.FakeLink;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** An interface of the host as a port of the switch, on one thread: guests at ports 0 and 1, the link at port 2. */
class LinkPortTest {
    private static final long GUEST = 0x020000000001L;
    private static final long OTHER = 0x020000000002L;
    private static final long OUTSIDE = 0x020000000009L;

    private final Random random = new Random(3);
    private final Bench bench = new Bench(false);
    private final FakeLink link = new FakeLink();
    private final Port port = new Port(PortConfig.open("tap:fake"), link);

    LinkPortTest() {
        bench.machine(0);
        bench.machine(0);
        assertTrue(bench.fabric.add(port, bench.nowNs));
        port.linked = true;
    }

    private byte[] frame(long to, long from) {
        return Frames.plain(to, from, 60, random);
    }

    private void send(int guest, byte[] frame) {
        assertTrue(bench.nics.get(guest).send(frame));
        assertEquals(1, bench.turn());
    }

    private int turn() {
        int taken = bench.fabric.fromLink(port, bench.nowNs);
        bench.fabric.flush();
        return taken;
    }

    @Test
    void framesGoBothWaysAndAddressesAreLearnedBehindIt() {
        byte[] arriving = frame(Frames.BROADCAST, OUTSIDE);
        link.arriving.add(arriving);
        assertEquals(1, turn());
        assertArrayEquals(arriving, bench.nics.get(0).poll());
        assertArrayEquals(arriving, bench.nics.get(1).poll());
        byte[] answer = frame(OUTSIDE, GUEST);
        send(0, answer);
        assertEquals(1, link.sent.size());
        assertArrayEquals(answer, link.sent.getFirst());
        assertNull(bench.nics.get(1).poll(), "the address was learned");
        byte[] back = frame(GUEST, OUTSIDE);
        link.arriving.add(back);
        assertEquals(1, turn());
        assertArrayEquals(back, bench.nics.get(0).poll());
        assertNull(bench.nics.get(1).poll());
        assertEquals(2, port.txFrames());
        assertEquals(120, port.txBytes());
        assertEquals(1, port.rxFrames());
        assertEquals(60, port.rxBytes());
    }

    @Test
    void unknownAndGroupAddressesAreFlooded() {
        send(0, frame(OUTSIDE, GUEST));
        send(0, frame(Frames.BROADCAST, GUEST));
        assertEquals(2, link.sent.size());
    }

    @Test
    void aBurstIsFlushedAtOnce() {
        link.arriving.add(frame(Frames.BROADCAST, OUTSIDE));
        turn();
        for (int i = 0; i < 5; i++) {
            assertTrue(bench.nics.get(0).send(frame(OUTSIDE, GUEST)));
        }
        assertEquals(5, bench.fabric.burst(bench.ports.get(0), bench.nowNs));
        assertEquals(5, link.gathered.size());
        assertEquals(0, link.sent.size());
        bench.fabric.flush();
        assertEquals(5, link.sent.size());
    }

    @Test
    void aFullLinkDropsAndTheSenderGoesOn() {
        link.arriving.add(frame(Frames.BROADCAST, OUTSIDE));
        turn();
        link.room = 3;
        for (int i = 0; i < 5; i++) {
            assertTrue(bench.nics.get(0).send(frame(OUTSIDE, GUEST)));
        }
        assertEquals(5, bench.turn());
        assertEquals(2, port.drops(Drop.UPLINK_FULL));
        assertEquals(3, link.sent.size());
        assertEquals(3, port.rxFrames());
    }

    @Test
    void aLinkThatIsDownDrops() {
        link.down = true;
        send(0, frame(OUTSIDE, GUEST));
        assertEquals(1, port.drops(Drop.UPLINK_DOWN));
        link.down = false;
        send(0, frame(OUTSIDE, GUEST));
        assertEquals(1, link.sent.size());
    }

    /** As a guest's frame does; and those behind it keep their order. */
    @Test
    void aFrameForAGuestWithoutBuffersWaitsAndThenIsDropped() {
        send(0, frame(Frames.BROADCAST, GUEST));
        bench.nics.get(1).poll();
        link.sent.clear();
        byte[][] frames = new byte[70][];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = frame(GUEST, OUTSIDE);
            link.arriving.add(frames[i]);
        }
        assertEquals(64, turn());
        assertEquals(0, turn(), "64 buffers are filled");
        assertEquals(6, link.arriving.size());
        for (int i = 0; i < 64; i++) {
            assertArrayEquals(frames[i], bench.nics.get(0).poll());
        }
        bench.nics.get(0).refill(2);
        assertEquals(2, turn());
        assertArrayEquals(frames[64], bench.nics.get(0).poll());
        assertArrayEquals(frames[65], bench.nics.get(0).poll());
        assertEquals(0, turn());
        assertTrue(bench.fabric.nextDeadlineNs() <= bench.nowNs + Pair.MAX_PATIENCE_NS);
        bench.nowNs += Pair.MAX_PATIENCE_NS;
        assertEquals(4, turn());
        assertEquals(4, bench.ports.get(0).drops(Drop.NO_BUFFERS));
        assertTrue(link.arriving.isEmpty());
    }

    @Test
    void malformedFramesAreCountedAndTheNextOneArrives() {
        link.arriving.add(new byte[0]);
        link.arriving.add(frame(Frames.BROADCAST, OUTSIDE));
        assertEquals(2, turn());
        assertEquals(1, port.drops(Drop.MALFORMED));
        assertNotNull(bench.nics.get(0).poll());
    }

    /** A promiscuous card shows what is for others on its wire, and for the host itself. */
    @Test
    void whatIsForItsOwnSideStaysThere() {
        long host = 0x020000000077L;
        bench.fabric.keepMac(port, host);
        link.arriving.add(frame(Frames.BROADCAST, OUTSIDE));
        turn();
        bench.nics.get(0).poll();
        link.arriving.add(frame(OUTSIDE, OTHER));
        link.arriving.add(frame(host, OTHER));
        assertEquals(2, turn());
        assertNull(bench.nics.get(0).poll());
        send(0, frame(OUTSIDE, host));
        assertEquals(1, bench.ports.get(0).drops(Drop.SPOOFED_MAC), "nobody else may use it");
    }

    @Test
    void aBrokenLinkKeepsItsPortClosed() {
        port.breakDown(eu.mikelangelo.virtio.QueueFault.INTERNAL);
        assertEquals("an error of our own while serving the queue", port.linkTrouble());
        send(0, frame(OUTSIDE, GUEST));
        assertEquals(1, port.drops(Drop.UPLINK_DOWN));
        bench.fabric.remove(port);
        send(0, frame(OUTSIDE, GUEST));
    }
}

package eu.mikelangelo.ioplane.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The links with real interfaces, in a network namespace of the test's own. Needs root, else it is skipped. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostLinksTest {
    /** Local experimental, IEEE 802: nobody in the kernel takes it. */
    private static final int TYPE = 0x88b5;
    private final Random random = new Random(29);
    private final HotCalls calls = new HotCalls();
    private Namespace here;
    private HostLink one;
    private HostLink two;

    @BeforeEach
    void namespace() throws Exception {
        here = new Namespace();
    }

    @AfterEach
    void close() {
        if (one != null) {
            one.close();
        }
        if (two != null) {
            two.close();
        }
        if (here != null) {
            here.close();
        }
    }

    private HostLink begin(HostLink link) {
        link.begin(calls);
        return link;
    }

    /** Two ends of one cable. */
    private void cable(int mtu) throws Exception {
        here.ip("link add one mtu " + mtu + " type veth peer name two mtu " + mtu);
        here.ip("link set one up");
        here.ip("link set two up");
        one = begin(here.run(() -> PacketLink.open("one")));
        two = begin(here.run(() -> PacketLink.open("two")));
    }

    private byte[] frame(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes).putLong(0x0200000000020200L).putInt(1).putShort((short) TYPE).array();
    }

    private static int deliver(HostLink link, byte[] frame) {
        return deliver(link, frame, new NetOffload());
    }

    /** TCP over IPv4 with so many bytes of payload, all else left to do: checksums and the cutting. */
    private byte[] segment(int payload) {
        byte[] bytes = frame(54 + payload);
        ByteBuffer frame = ByteBuffer.wrap(bytes).putShort(12, (short) 0x0800);
        frame.position(14).putInt(0x45000000 | 40 + payload).putInt(0x00014000).putInt(0x40060000).putInt(0x0a000001);
        frame.putInt(0x0a000002).putShort((short) 9).putShort((short) 9).putInt(1).putInt(1).putInt(0x50107fff);
        int pseudo = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + 20 + payload;
        frame.putInt((pseudo & 0xffff) + (pseudo >>> 16) << 16);
        int sum = 0;
        for (int i = 14; i < 34; i += 2) {
            sum += frame.getShort(i) & 0xffff;
        }
        return frame.putShort(24, (short) ~((sum & 0xffff) + (sum >>> 16))).array();
    }

    private static NetOffload tcp4(int length) {
        NetOffload offload = new NetOffload();
        assertTrue(offload.read(1 | NetHeaderLayout.GSO_TCPV4 << 8 | 54 << 16 | 1448L << 32 | 34L << 48, 16,
                Features.NET_OFFERED, length));
        offload.found(54, false, false);
        return offload;
    }

    /** Whole, as the guest sent it, and with the same left to do. */
    private static void carried(HostLink from, HostLink to, byte[] frame) {
        assertTrue(from.takes(tcp4(frame.length)));
        assertEquals(NetReceive.DELIVERED, deliver(from, frame, tcp4(frame.length)));
        from.flush();
        do {
            to.ready(true, true, false);
        } while (to.peek() == NetTransmit.EMPTY);
        assertEquals(NetTransmit.FRAME, to.peek());
        assertTrue(to.offload().segmented());
        assertEquals(1448, to.offload().segmentBytes());
        assertEquals(34, to.offload().checksumStart());
        assertEquals(50, to.offload().checksumPlace());
        assertArrayEquals(frame, take(to));
    }

    @Test
    void longSegmentsAreCarriedThroughWhole() throws Exception {
        one = begin(here.run(() -> TapLink.open("tap0")));
        two = begin(here.run(() -> PacketLink.open("tap0")));
        for (int payload : new int[] {1449, 10_000, 64_000}) {
            carried(one, two, segment(payload));
            carried(two, one, segment(payload));
        }
        one.close();
        two.close();
        cable(1500);
        carried(one, two, segment(64_000));
    }

    private static int deliver(HostLink link, byte[] frame, NetOffload offload) {
        Region memory = new Region(Arena.ofAuto().allocate(frame.length + 7));
        MemorySegment.copy(frame, 0, memory.segment(), ValueLayout.JAVA_BYTE, 7, frame.length);
        ScatterList list = new ScatterList(2);
        // In two pieces, as the switch has them.
        list.add(memory, 7, 14);
        list.add(memory, 21, frame.length - 14);
        return link.deliver(list, 0, frame.length, offload);
    }

    /** @return the next frame of ours; what the kernel sends of its own accord is passed over */
    private static byte[] await(HostLink link) {
        for (long end = System.nanoTime() + 20_000_000_000L; System.nanoTime() < end;) {
            link.ready(true, true, false);
            link.turn(System.nanoTime());
            if (link.peek() == NetTransmit.FRAME) {
                byte[] bytes = take(link);
                int type = ByteBuffer.wrap(bytes).getShort(12) & 0xffff;
                if (type == TYPE || type == 0x8100) {
                    return bytes;
                }
            }
        }
        throw new AssertionError("no frame");
    }

    private static byte[] take(HostLink link) {
        Region flat = new Region(Arena.ofAuto().allocate(link.length()));
        link.pieces().read(link.start(), flat, 0, link.length());
        link.done();
        return flat.segment().toArray(ValueLayout.JAVA_BYTE);
    }

    private static void send(HostLink link, byte[] frame) {
        assertEquals(NetReceive.DELIVERED, deliver(link, frame));
        link.flush();
    }

    @Test
    void framesCrossACable() throws Exception {
        cable(1500);
        for (int length : new int[] {60, 61, 127, 1000, 1513, 1514}) {
            byte[] there = frame(length);
            byte[] back = frame(length);
            send(one, there);
            assertArrayEquals(there, await(two));
            send(two, back);
            assertArrayEquals(back, await(one));
        }
        assertTrue(one.connected());
        assertEquals(NetReceive.TOO_LONG, deliver(one, frame(1519)));
        assertEquals(0, one.takeLost());
    }

    @Test
    void bigFramesOfABigCable() throws Exception {
        cable(65000);
        for (int length : new int[] {1514, 9014, 65_014}) {
            byte[] there = frame(length);
            send(one, there);
            assertArrayEquals(there, await(two), "length " + length);
        }
    }

    /** All slots of both rings, several times round; a frame of each length up to the MTU's. */
    @Test
    void theRingsGoRound() throws Exception {
        cable(1500);
        for (int burst = 0; burst < 160; burst++) {
            byte[][] frames = new byte[32][];
            for (int i = 0; i < frames.length; i++) {
                frames[i] = frame(60 + random.nextInt(1455));
                assertEquals(NetReceive.DELIVERED, deliver(one, frames[i]));
            }
            one.flush();
            for (byte[] frame : frames) {
                assertArrayEquals(frame, await(two));
            }
        }
    }

    @Test
    void aFullRingRefusesAndCountsWhatTheKernelLost() throws Exception {
        cable(1500);
        byte[] frame = frame(100);
        int taken = 0;
        while (deliver(one, frame) == NetReceive.DELIVERED) {
            taken++;
        }
        assertEquals(512, taken);
        int sent = taken;
        do {
            one.flush();
            one.ready(false, true, false);
            one.turn(0);
            for (taken = 0; taken < 100 && deliver(one, frame) == NetReceive.DELIVERED; taken++) {
                sent++;
            }
        } while (sent < 3000);
        one.flush();
        int arrived = 0;
        long nowNs = 0;
        int missed = 0;
        while (two.peek() == NetTransmit.FRAME) {
            two.done();
            two.turn(nowNs += 2_000_000_000L);
            missed += two.takeMissed();
            arrived++;
        }
        send(one, frame);
        await(two);
        two.turn(nowNs + 2_000_000_000L);
        missed += two.takeMissed();
        assertTrue(arrived >= 2048 && arrived < 3000, arrived + " arrived");
        assertTrue(missed > 0 && missed <= sent - arrived, missed + " missed of " + (sent - arrived));
    }

    @Test
    void vlanTagsStayWhereTheyAre() throws Exception {
        cable(1500);
        ByteBuffer tagged = ByteBuffer.wrap(frame(1518));
        tagged.putInt(12, 0x8100_2064).putShort(16, (short) TYPE);
        send(one, tagged.array());
        assertArrayEquals(tagged.array(), await(two));
        tagged.putInt(16, 0x8100_0001);
        send(one, tagged.array());
        assertArrayEquals(tagged.array(), await(two));
    }

    @Test
    void tapAndHostMeet() throws Exception {
        one = begin(here.run(() -> TapLink.open("tap0")));
        here.ip("link set tap0 mtu 65521");
        two = begin(here.run(() -> PacketLink.open("tap0")));
        for (int length : new int[] {60, 1514, 65_535}) {
            byte[] in = frame(length);
            send(one, in);
            assertArrayEquals(in, await(two), "from the plane to the host, length " + length);
            byte[] out = frame(length);
            send(two, out);
            assertArrayEquals(out, await(one), "from the host to the plane, length " + length);
        }
        assertTrue(one.connected());
    }

    @Test
    void aTapThatExistsIsTakenAndStays() throws Exception {
        here.ip("tuntap add dev tap7 mode tap multi_queue");
        one = here.run(() -> TapLink.open("tap7"));
        one.close();
        here.ip("tuntap add dev tap8 mode tap");
        one = here.run(() -> TapLink.open("tap8"));
        LinkException busy = assertThrows(LinkException.class, () -> here.run(() -> TapLink.open("tap8")));
        assertTrue(busy.getMessage().contains("another process"), busy.getMessage());
        one.close();
        here.ip("link show tap8");
    }

    @Test
    void downIsNotTheEnd() throws Exception {
        cable(1500);
        here.ip("link set one down");
        byte[] frame = frame(60);
        assertEquals(NetReceive.DELIVERED, deliver(one, frame));
        one.flush();
        assertEquals(1, one.takeLost());
        one.ready(true, true, true);
        one.turn(1);
        assertFalse(one.connected());
        assertEquals("", one.trouble());
        for (int i = 0; i < 1000; i++) {
            assertEquals(NetReceive.DELIVERED, deliver(one, frame), "bounded though it is down");
            one.flush();
            one.turn(i);
        }
        assertEquals(1000, one.takeLost());
        here.ip("link set one up");
        byte[] after = frame(61);
        send(one, after);
        assertArrayEquals(after, await(two));
        assertTrue(one.connected());
        send(two, frame);
        assertArrayEquals(frame, await(one));
        HostLink tap = begin(here.run(() -> TapLink.open("tap0")));
        here.ip("link set tap0 down");
        assertEquals(NetReceive.CLOSED, deliver(tap, frame));
        assertFalse(tap.connected());
        here.ip("link set tap0 up");
        assertEquals(NetReceive.DELIVERED, deliver(tap, frame));
        assertTrue(tap.connected());
        tap.close();
    }

    @Test
    void removedIsTheEnd() throws Exception {
        cable(1500);
        here.ip("link del one");
        for (HostLink link : new HostLink[] {one, two}) {
            deliver(link, frame(60));
            link.flush();
            link.turn(1);
            assertTrue(link.trouble().contains("was removed"), link.trouble());
            assertFalse(link.connected());
        }
        HostLink tap = begin(here.run(() -> TapLink.open("tap0")));
        here.ip("link del tap0");
        assertEquals(NetTransmit.EMPTY, tap.peek());
        assertTrue(tap.trouble().contains("was removed"), tap.trouble());
        assertEquals(NetReceive.CLOSED, deliver(tap, frame(60)));
        tap.close();
        tap.close();
        assertEquals(NetTransmit.EMPTY, tap.peek());
        assertEquals(NetReceive.CLOSED, deliver(tap, frame(60)));
    }

    @Test
    void errorsSayWhatToDo() throws Exception {
        for (String[] wrong : new String[][] {{"nosuch", "no network interface"}, {"a b", "EINVAL"}}) {
            LinkException refused = assertThrows(LinkException.class,
                    () -> here.run(() -> PacketLink.open(wrong[0])));
            assertTrue(refused.getMessage().contains(wrong[1]), refused.getMessage());
        }
        assertThrows(LinkException.class, () -> here.run(() -> TapLink.open("a/b")));
        LinkException noTap = assertThrows(LinkException.class, () -> here.run(() -> TapLink.open("lo")));
        assertTrue(noTap.getMessage().contains("--interface"), noTap.getMessage());
    }

    @Test
    void slotsHoldTheMtu() {
        assertEquals(2048, PacketLink.slotBytes(68));
        assertEquals(2048, PacketLink.slotBytes(1500));
        assertEquals(4096, PacketLink.slotBytes(2048));
        assertEquals(16_384, PacketLink.slotBytes(9000));
        assertEquals(131_072, PacketLink.slotBytes(65_536));
        assertEquals(131_072, PacketLink.slotBytes(Integer.MAX_VALUE / 2));
        assertTrue(Arrays.stream(new int[] {100, 1500, 3968, 9000}).allMatch(
                mtu -> PacketLink.slotBytes(mtu) >= mtu + 14 + 8 + 90));
    }
}

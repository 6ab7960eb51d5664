package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueConfig;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is told what, and when, on one thread with a clock that is set. */
class AnnouncerTest {
    private static final int REPLY = 2;
    private static final PortPolicy ISOLATED = PortPolicy.NONE.in("", PortPolicy.Standing.ISOLATED);

    private final Random random = new Random(3);
    private final Bench bench = new Bench(true);
    private final Announcer announcer = new Announcer(bench.fabric, Frames.GATEWAY_MAC, Frames.GATEWAY_IP);

    /** The ring of a machine that goes on at an index. */
    private void started(int index, int nextAvail) {
        QueueConfig ring = bench.nics.get(index).receiver().config();
        announcer.started(bench.ports.get(index), new QueueConfig(ring.size(), ring.descriptorUser(),
                ring.availUser(), ring.usedUser(), nextAvail, ring.features()), bench.nowNs);
    }

    private void turn() {
        bench.turn();
        announcer.turn(bench.nowNs);
    }

    private void speaks(int index) {
        assertTrue(bench.nics.get(index).send(Frames.plain(Frames.GATEWAY_MAC, Frames.mac(index + 1), 60, random)));
        turn();
    }

    /** The answer that machine {@code of} would have given machine {@code to}. */
    private static byte[] answer(int of, int to) {
        byte[] frame = Frames.arp(Frames.mac(to), Frames.mac(of), REPLY, Frames.mac(of), Frames.ip(of), Frames.ip(to));
        ByteBuffer.wrap(frame).putShort(32, (short) (Frames.mac(to) >>> 32)).putInt(34, (int) Frames.mac(to));
        return frame;
    }

    private void gets(int index, byte[] frame) {
        assertArrayEquals(frame, bench.nics.get(index).poll());
    }

    private void silence() {
        for (int i = 0; i < bench.nics.size(); i++) {
            assertNull(bench.nics.get(i).poll(), "machine " + (i + 1));
        }
    }

    @Test
    void whoIsBackIsToldOfTheOthersAtItsFirstFrameAndTheyOfIt() {
        for (int number = 1; number <= 3; number++) {
            bench.machine(number);
        }
        started(0, 371);
        turn();
        silence();
        bench.nowNs += Announcer.SILENCE_NS / 2;
        turn();
        silence();
        speaks(0);
        gets(0, answer(2, 1));
        gets(0, answer(3, 1));
        gets(1, answer(1, 2));
        gets(2, answer(1, 3));
        speaks(0);
        silence();
        assertEquals(Long.MAX_VALUE, announcer.deadlineNs());
    }

    /** What was sent before there was a plane says nothing about the guest's link now. */
    @Test
    void whatWasLeftInTheRingIsNoSign() {
        bench.machine(1);
        bench.machine(2);
        started(0, 5);
        speaks(0);
        silence();
        speaks(0);
        gets(0, answer(2, 1));
        gets(1, answer(1, 2));
    }

    @Test
    void oneThatSaysNothingIsToldAllTheSame() {
        bench.machine(1);
        bench.machine(2);
        started(0, 5);
        turn();
        assertEquals(bench.nowNs + Announcer.SILENCE_NS, announcer.deadlineNs());
        bench.nowNs += Announcer.SILENCE_NS;
        turn();
        gets(0, answer(2, 1));
        gets(1, answer(1, 2));
    }

    @Test
    void aPairIsToldWhenBothAreBack() {
        bench.machine(1);
        bench.machine(2);
        started(0, 5);
        started(1, 0x8005);
        turn();
        speaks(1);
        silence();
        speaks(0);
        gets(0, answer(2, 1));
        gets(1, answer(1, 2));
        silence();
    }

    @Test
    void nobodyIsToldOfAMachineThatBootsOrIsRemoved() {
        bench.machine(1);
        bench.machine(2);
        started(0, 0);
        started(0, 0x8000);
        turn();
        speaks(0);
        started(0, 5);
        turn();
        speaks(0);
        announcer.lost(bench.ports.get(0));
        started(0, 5);
        announcer.lost(bench.ports.get(0));
        turn();
        speaks(0);
        silence();
    }

    /** QEMU that is stopped and goes on stops its rings and starts them again; the link stays. */
    @Test
    void onceForAConnection() {
        bench.machine(1);
        bench.machine(2);
        for (int connection = 0; connection < 2; connection++) {
            started(0, 5);
            turn();
            speaks(0);
            gets(0, answer(2, 1));
            gets(1, answer(1, 2));
            started(0, 6);
            turn();
            speaks(0);
            silence();
            announcer.lost(bench.ports.get(0));
        }
    }

    @Test
    void rulesHold() {
        for (int number = 1; number <= 2; number++) {
            bench.machine(new PortConfig("m" + number, Frames.mac(number), Frames.ip(number), null, new long[0],
                    ISOLATED), 64, 2048, Features.VERSION_1 | Features.NET_MRG_RXBUF);
        }
        bench.machine(0);
        started(0, 5);
        turn();
        speaks(0);
        silence();
    }

    @Test
    void theGatewayIsToldWhereThereIsOne() {
        bench.machine(1);
        started(0, 5);
        bench.ports.get(0).uplinkConnected(true);
        turn();
        speaks(0);
        byte[] gateway = Frames.arp(Frames.mac(1), Frames.GATEWAY_MAC, REPLY, Frames.GATEWAY_MAC, Frames.GATEWAY_IP,
                Frames.ip(1));
        ByteBuffer.wrap(gateway).putShort(32, (short) (Frames.mac(1) >>> 32)).putInt(34, (int) Frames.mac(1));
        gets(0, gateway);
    }

    /** VHOST_USER_SEND_RARP. */
    @Test
    void anAddressIsAnnouncedToEveryoneButNotTooOften() {
        for (int number = 1; number <= 3; number++) {
            bench.machine(number);
        }
        long mac = Frames.mac(1);
        byte[] frame = Frames.ethernet(Frames.BROADCAST, mac, 0x8035, 28).putLong(0x0001_0800_0604_0003L)
                .putShort((short) (mac >>> 32)).putInt((int) mac).putInt(0)
                .putShort((short) (mac >>> 32)).putInt((int) mac).putInt(0).array();
        announcer.announce(bench.ports.get(0), mac, bench.nowNs);
        announcer.announce(bench.ports.get(0), mac, bench.nowNs + Announcer.ANNOUNCE_NS - 1);
        gets(1, frame);
        gets(2, frame);
        silence();
        announcer.announce(bench.ports.get(0), mac, bench.nowNs + Announcer.ANNOUNCE_NS);
        gets(1, frame);
        announcer.announce(bench.ports.get(1), mac, bench.nowNs);
        assertEquals(1, bench.ports.get(1).drops(Drop.SPOOFED_MAC), "another one's address");
        assertNull(bench.nics.get(0).poll());
    }

    /** The switch learns it: frames for it are not flooded any more. */
    @Test
    void anOpenPortsAddressIsLearnedFromItsAnnouncement() {
        bench.machine(0);
        bench.machine(0);
        bench.machine(0);
        long mac = 0x0200_0000_0009L;
        announcer.announce(bench.ports.get(1), mac, bench.nowNs);
        for (int i = 0; i < 3; i++) {
            bench.nics.get(i).poll();
        }
        assertEquals(2, bench.reach(0, Frames.plain(mac, 0x0200_0000_0001L, 60, random)));
    }

    /** As a vhost-user session asks for it, of a running core. */
    @Test
    @Timeout(60)
    void aCoreAnnouncesAndTells() {
        try (CoreBench core = new CoreBench(new IoOptions(-1, 0, FrameRules.NO_GATEWAY, 0))) {
            CoreBench.Machine one = core.fixed(1, null);
            CoreBench.Machine two = core.fixed(2, null);
            one.handler.mtu(1_500);
            assertEquals(1_500, one.port.mtu());
            one.handler.announce(Frames.mac(1));
            assertEquals(0x8035, ByteBuffer.wrap(two.await()).getShort(12) & 0xffff);
            // A receive buffer goes: its ring is not at its beginning when it goes on, as under a new plane.
            two.send(Frames.plain(Frames.mac(1), Frames.mac(2), 60, random));
            one.await();
            int next = one.handler.stopRing(0);
            assertEquals(1, next);
            one.handler.disconnected();
            assertEquals(0, one.port.mtu());
            one.handler.memory(one.nic.guest().memory());
            QueueConfig ring = one.nic.receiver().config();
            one.handler.startRing(0, new QueueConfig(ring.size(), ring.descriptorUser(), ring.availUser(),
                    ring.usedUser(), next, ring.features()), one.kicks[0], one.called[0]);
            assertArrayEquals(answer(2, 1), one.await());
            assertArrayEquals(answer(1, 2), two.await());
        }
    }
}

package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.vhost.frontend.FrontEndRing;
import eu.mikelangelo.vhost.frontend.GuestRam;
import eu.mikelangelo.vhost.inflight.InflightLayout;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The requests of protocol features, several queue pairs and packed rings, through sockets and the whole back-end. */
class BackEndMessagesTest {
    private static final long OFFERED = Features.NET_OFFERED | Ring.PACKED;
    private static final int PAIRS = 4;

    @TempDir
    Path folder;

    private final RecordingHandler handler = new RecordingHandler();
    private final StringBuffer problems = new StringBuffer();
    private VhostRuntime runtime;
    private VhostPort port;
    private TestGuest guest;
    private FrontEnd front;

    @BeforeEach
    void connect() {
        runtime = new VhostRuntime("vhost", (path, what) -> problems.append(what).append('\n'));
        String path = folder.resolve("s").toString();
        port = runtime.add(path, true, new BackEndConfig(OFFERED, PAIRS, false), handler);
        guest = new TestGuest(FrontEnd.connect(path));
        front = guest.front;
    }

    @AfterEach
    void close() {
        guest.close();
        runtime.close();
        assertEquals(0, handler.runningRings());
    }

    @Test
    void everyProtocolFeatureIsNegotiated() {
        guest.negotiate();
        assertEquals(BackEndConfig.PROTOCOL_SERVED, front.protocolOffered());
        assertEquals(BackEndConfig.PROTOCOL_SERVED, front.protocolFeatures());
    }

    @Test
    void queuePairsAreEnabledOneByOne() {
        guest.negotiate();
        assertEquals(PAIRS, guest.ask(new Request.Plain(RequestType.GET_QUEUE_NUM)));
        for (int i = 0; i < 2 * PAIRS; i++) {
            guest.ring(i, i);
            assertEquals(i, handler.running[i].nextAvail());
        }
        assertEquals(2 * PAIRS, port.runningRings());
        for (int i = 2; i < 2 * PAIRS; i++) {
            front.enable(i, false);
        }
        assertEquals(2, port.runningRings());
        front.enable(5, true);
        assertEquals(3, handler.runningRings());
        assertEquals(5, handler.running[5].nextAvail());
        guest.send(TestGuest.state(RequestType.SET_VRING_ENABLE, 2 * PAIRS, 1), false);
        refused("ring 8 does not exist, there are 8");
    }

    /** DPDK's virtio-user with more queues than its application sets up; and it enables the first pair only. */
    @Test
    void aRingOfNoEntriesRests() {
        guest.handshake();
        guest.tell(TestGuest.state(RequestType.SET_VRING_NUM, 3, 0));
        guest.tell(TestGuest.state(RequestType.SET_VRING_BASE, 3, 0));
        guest.tell(new Request.VringAddress(3, 0, 0, 0, 0, 0));
        guest.tell(TestGuest.kick(3), front.ring(0).kickFd());
        guest.tell(TestGuest.state(RequestType.SET_VRING_ENABLE, 3, 1));
        assertEquals(2, port.runningRings());
    }

    @Test
    void statusIsKeptAndZeroHaltsTheRings() {
        guest.handshake();
        front.status(15);
        assertEquals(15, guest.ask(new Request.Plain(RequestType.GET_STATUS)));
        assertEquals(15, port.status());
        assertEquals(2, port.runningRings());
        handler.taken = 3;
        front.status(0);
        assertEquals(0, port.runningRings());
        // QEMU 7.2 asks after that, and starts again with a kick descriptor.
        assertEquals(3, front.stop(1));
        FrontEndRing ring = front.ring(1);
        guest.tell(TestGuest.kick(1), ring.kickFd());
        assertEquals(3, handler.running[1].nextAvail());
        guest.send(new Request.Number(RequestType.SET_STATUS, 256), true);
        refused("SET_STATUS 0x100");
    }

    @Test
    void resetForgetsTheDevice() {
        guest.handshake();
        handler.log.clear();
        guest.tell(new Request.Plain(RequestType.RESET_DEVICE));
        assertEquals(List.of("stop 0", "stop 1", "features 0x0"), handler.log);
        guest.tell(TestGuest.kick(0), front.ring(0).kickFd());
        assertEquals(0, port.runningRings());
        guest.tell(new Request.Number(RequestType.SET_FEATURES, front.features() | BackEndConfig.PROTOCOL_FEATURES));
        guest.ring(0, 9);
        assertEquals(9, handler.running[0].nextAvail());
    }

    @Test
    void resetOwnerDisables() {
        guest.handshake();
        guest.tell(new Request.Plain(RequestType.RESET_OWNER));
        assertEquals(0, port.runningRings());
        front.enable(0, true);
        assertEquals(1, port.runningRings());
    }

    @Test
    void memoryComesAndGoesByRegions() {
        guest.handshake();
        assertEquals(BackEndConfig.MEM_SLOTS, guest.ask(new Request.Plain(RequestType.GET_MAX_MEM_SLOTS)));
        MemorySegment kept = handler.memory.region(0).segment();
        handler.log.clear();
        try (GuestRam more = new GuestRam(1 << 30, 0x10000, 8192)) {
            front.add(more);
            assertEquals(List.of("stop 0", "stop 1", "memory 2", "start 0 size 256 base 0",
                    "start 1 size 256 base 0"), handler.log);
            assertEquals(kept, handler.memory.region(0).segment());
            more.segment().set(ValueLayout.JAVA_LONG, 4096, 77);
            assertEquals(77, handler.memory.region(handler.memory.find(0x4000_1000L, 8)).u64(4096));
            front.remove(more);
            assertEquals(1, handler.memory.regions());
            assertEquals(2, port.runningRings());
            assertEquals(kept, handler.memory.region(0).segment());
            Request.MemoryRegion never = new Request.MemoryRegion(1 << 30, 4096, 0x10000, 0);
            assertEquals(1, guest.ask(new Request.MemorySlot(RequestType.REM_MEM_REG, never)));
            refused("no memory region of 4096 bytes at guest address 0x40000000");
        }
    }

    /** QEMU 7.2 with two queue pairs: each of them says that a region has gone, and that another one has come. */
    @Test
    void whatEachPairSaysOfMemoryCountsOnce() {
        guest.handshake();
        try (GuestRam one = new GuestRam(1 << 30, 0x10000, 8192);
                GuestRam other = new GuestRam(1 << 30, 0x10000, 4096)) {
            Request gone = new Request.MemorySlot(RequestType.REM_MEM_REG, one.region());
            front.add(one);
            guest.tell(new Request.MemorySlot(RequestType.ADD_MEM_REG, one.region()), one.fd());
            assertEquals(2, handler.memory.regions());
            MemorySegment kept = handler.memory.region(1).segment();
            handler.log.clear();
            guest.tell(new Request.MemorySlot(RequestType.ADD_MEM_REG, one.region()), one.fd());
            assertEquals(List.of(), handler.log, "rings run on");
            kept.set(ValueLayout.JAVA_LONG, 0, 5);
            assertEquals(5, one.segment().get(ValueLayout.JAVA_LONG, 0), "it is still the same mapping");
            for (int pair = 0; pair < 2; pair++) {
                guest.tell(gone);
                guest.tell(new Request.MemorySlot(RequestType.ADD_MEM_REG, other.region()), other.fd());
                assertEquals(2, handler.memory.regions());
                assertEquals(4096, handler.memory.region(1).size());
            }
            guest.tell(gone);
            guest.tell(new Request.MemorySlot(RequestType.REM_MEM_REG, other.region()));
            assertEquals(1, handler.memory.regions());
            assertEquals(2, port.runningRings());
            // A table begins anew.
            front.memory(guest.ram);
            assertEquals(1, guest.ask(gone));
            refused("no memory region of 8192 bytes");
        }
    }

    /** QEMU replaces a region that has changed: it goes and comes back as others, while rings lie in it. */
    @Test
    void ringsWaitForTheirMemory() {
        guest.handshake();
        handler.taken = 5;
        front.remove(guest.ram);
        assertEquals(0, port.runningRings());
        assertEquals(0, handler.memory.regions());
        try (GuestRam other = new GuestRam(1 << 30, 0x10000, 8192)) {
            front.add(other);
            assertEquals(0, port.runningRings());
            // What is said of a waiting ring does not wake it.
            guest.tell(TestGuest.kick(0), front.ring(0).kickFd());
            assertEquals(0, port.runningRings());
            front.add(guest.ram);
            assertEquals(2, port.runningRings());
            assertEquals(5, handler.running[0].nextAvail());
        }
    }

    @Test
    void slotsThatOverlap() {
        guest.handshake();
        Request.MemoryRegion known = guest.ram.region();
        Request.MemoryRegion half = new Request.MemoryRegion(known.guestPhysical(), known.size() / 2,
                known.userAddress(), 0);
        assertEquals(1, guest.ask(new Request.MemorySlot(RequestType.ADD_MEM_REG, half), guest.ram.fd()));
        refused("overlap");
    }

    @Test
    void moreSlotsThanWeSaid() {
        guest.negotiate();
        for (int i = 1; i < BackEndConfig.MEM_SLOTS; i++) {
            guest.tell(slot(i), guest.ram.fd());
        }
        assertEquals(1, guest.ask(slot(BackEndConfig.MEM_SLOTS), guest.ram.fd()));
        refused("65 memory regions");
    }

    private static Request.MemorySlot slot(int index) {
        return new Request.MemorySlot(RequestType.ADD_MEM_REG,
                new Request.MemoryRegion((long) index << 32, 4096, (long) index << 16, 4096L * index));
    }

    @Test
    void theGuestIsAnnounced() {
        guest.negotiate();
        byte[] mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 0, 0};
        long payload = ByteBuffer.wrap(mac).order(ByteOrder.LITTLE_ENDIAN).getLong();
        guest.tell(new Request.Number(RequestType.SEND_RARP, payload));
        assertEquals("announce 525400123456", handler.log.getLast());
    }

    @Test
    void badMtusAreDeclined() {
        guest.handshake();
        guest.tell(new Request.Number(RequestType.NET_SET_MTU, 9_000));
        assertEquals("mtu 9000", handler.log.getLast());
        assertEquals(1, guest.ask(new Request.Number(RequestType.NET_SET_MTU, 67)));
        assertEquals(1, guest.ask(new Request.Number(RequestType.NET_SET_MTU, 65_536)));
        assertEquals("mtu 9000", handler.log.getLast());
        assertEquals(2, port.runningRings());
        assertTrue(problems.toString().contains("declined: an MTU of 67 bytes"), problems.toString());
    }

    @Test
    void anInflightRegionIsMadeKeptAndHandedBack() {
        guest.handshake();
        handler.log.clear();
        front.send(new Request.Inflight(RequestType.GET_INFLIGHT_FD, 0, 0, 2, 256), false);
        long size = front.answer(new Request.Plain(RequestType.GET_INFLIGHT_FD));
        int fd = front.replyFd();
        assertEquals(24, front.replySize());
        assertEquals(InflightLayout.size(2, 256, false), size);
        assertEquals(List.of("stop 0", "stop 1", "inflight 2", "start 0 size 256 base 0", "start 1 size 256 base 0"),
                handler.log);
        assertEquals(Fds.F_SEAL_SHRINK | Fds.F_SEAL_GROW | Fds.F_SEAL_SEAL, Fds.seals(fd));
        handler.inflight.part(1).u8(16, 1);

        front.reconnect();
        assertEquals(0, handler.inflight.queues());
        guest.tell(new Request.Inflight(RequestType.SET_INFLIGHT_FD, size, 0, 2, 256), fd);
        assertEquals(2, handler.inflight.queues());
        assertEquals(1, handler.inflight.part(1).u8(16));
        assertEquals(256, handler.inflight.entries());
        assertEquals(1, guest.ask(new Request.Inflight(RequestType.SET_INFLIGHT_FD, size, 0, 2, 128), fd));
        refused("queue 0 has version 1 and 256 entries, not 1 and 128");
        Fds.close(fd);
    }

    @Test
    void inflightRegionsOfLiars() {
        String[] why = {"in-flight region of 8256 bytes", "does not lie in its file", "of 9 queues", "of 0 queues",
            "queues of 0 entries", "queues of 300 entries", "is not aligned", "region of 64 bytes, 2 queues",
            "can be shrunk by the peer"};
        long size = InflightLayout.size(2, 256, false);
        long[][] said = {{size - 64, 0, 2, 256}, {size + 64, 0, 2, 256}, {size, 0, 9, 256}, {size, 0, 0, 256},
            {size, 0, 2, 0}, {size, 0, 2, 300}, {size, 8, 2, 256}, {64, 0, 2, 256}, {size, 0, 2, 256}};
        for (int i = 0; i < said.length; i++) {
            FrontEnd liar = next();
            liar.negotiate(OFFERED & ~Ring.PACKED);
            int fd = Fds.memFd("liar", size);
            if (i < said.length - 1) {
                Fds.addSeals(fd, Fds.F_SEAL_SHRINK);
            }
            liar.send(new Request.Inflight(RequestType.SET_INFLIGHT_FD, said[i][0], said[i][1], (int) said[i][2],
                    (int) said[i][3]), true, fd);
            Fds.close(fd);
            assertTrue(liar.hungUp());
            awaitDisconnect();
            assertTrue(problems.toString().contains(why[i]), why[i] + " in " + problems);
            liar.close();
        }
    }

    @Test
    void withAcknowledgementWhatIsNotServedIsDeclined() {
        guest.handshake();
        for (int number : new int[] {0, 6, 7, 21, 22, 23, 25, 28, 33, 35, 41, 42, 44, 99, -1}) {
            front.sendBytes(header(number, 0x9));
            assertEquals(1, front.answer(new Request.Unserved(number)), "request " + number);
        }
        // Descriptors that came along are closed: the check is that of the fuzzer.
        front.sendBytes(header(21, 0x9), front.ring(0).callFd());
        assertEquals(1, front.answer(new Request.Unserved(21)));
        assertEquals(2, port.runningRings());
    }

    @Test
    void theConfigurationIsNotServed() {
        guest.handshake();
        front.sendBytes(header(24, 0x1));
        assertEquals(0, front.answer(new Request.Unserved(24)));
        assertEquals(0, front.replySize());
        assertEquals(2, port.runningRings());
    }

    @Test
    void withoutAcknowledgementWhatIsNotServedEndsTheSession() {
        guest.handshake();
        front.sendBytes(header(21, 0x1));
        refused("request 21 is unknown or was not negotiated");
    }

    @Test
    void featuresThatWereNotAcceptedAreNotServed() {
        front.protocol(BackEndConfig.MQ | BackEndConfig.REPLY_ACK).negotiate(Features.NET_OFFERED);
        assertEquals(1, guest.ask(new Request.Number(RequestType.SET_STATUS, 1)));
        assertEquals(1, guest.ask(new Request.Plain(RequestType.RESET_DEVICE)));
        assertEquals(1, guest.ask(new Request.MemorySlot(RequestType.ADD_MEM_REG, guest.ram.region()),
                guest.ram.fd()));
        assertEquals(0, handler.memory.regions());
        // Its own answer is awaited, which we would not give: silence would hang the front-end.
        guest.send(new Request.Plain(RequestType.GET_STATUS), true);
        refused("request 40");
    }

    @Test
    void packedRings() {
        guest.negotiate(OFFERED);
        front.start(0, packed(100, 0x8000_8000));
        assertEquals(0x8000_8000, handler.running[0].nextAvail());
        assertEquals(100, handler.running[0].size());
        handler.packedNext = 0x0005_8007;
        assertEquals(0x0005_8007, front.stop(0));
        guest.tell(TestGuest.kick(0), front.ring(0).kickFd());
        assertEquals(0x0005_8007, handler.running[0].nextAvail());
    }

    /** DPDK's virtio-user: base 0x8000, which is the available half only. */
    @Test
    void halfABaseIsBoth() {
        guest.negotiate(OFFERED);
        front.start(1, packed(256, 0x8000));
        assertEquals(0x8000_8000, handler.running[1].nextAvail());
    }

    @Test
    void packedPositionsLieInTheRing() {
        guest.negotiate(OFFERED);
        assertThrows(IllegalStateException.class, () -> front.start(0, packed(100, 0x8064_8000)));
        refused("base 0x80648000 in a packed ring of 100 entries");
    }

    @Test
    void packedEventAreasAreAligned() {
        guest.negotiate(OFFERED);
        QueueConfig config = packed(100, 0x8000);
        assertThrows(IllegalStateException.class, () -> front.start(0, new QueueConfig(100, config.descriptorUser(),
                config.availUser() + 2, config.usedUser(), 0x8000, OFFERED)));
        refused("driver event area at");
    }

    @Test
    void splitPositionsAre16Bits() {
        guest.negotiate();
        assertThrows(IllegalStateException.class, () -> guest.ring(0, 0x10000));
        refused("base index 65536");
    }

    @Test
    void aListeningFrontEndIsServedAgainAndAgain() {
        String path = folder.resolve("qemu").toString();
        RecordingHandler device = new RecordingHandler();
        VhostPort client = runtime.add(path, false, new BackEndConfig(OFFERED, 1, false), device);
        try (TestGuest qemu = new TestGuest(FrontEnd.listen(path))) {
            qemu.front.await();
            qemu.handshake();
            assertEquals(2, client.runningRings());
            int before = client.connections();
            qemu.front.reconnect();
            assertEquals(2, client.runningRings());
            assertNotEquals(before, client.connections());
        }
    }

    private QueueConfig packed(int size, int base) {
        QueueConfig config = TestGuest.config(0, 0, 0);
        return new QueueConfig(size, config.descriptorUser(), config.availUser(), config.usedUser(), base,
                front.features());
    }

    private static byte[] header(int number, int flags) {
        return ByteBuffer.allocate(VhostCodec.HEADER).order(ByteOrder.LITTLE_ENDIAN).putInt(number).putInt(flags)
                .putInt(0).array();
    }

    private void refused(String why) {
        assertTrue(guest.hungUp());
        awaitDisconnect();
        assertTrue(problems.toString().contains(why), problems.toString());
        assertEquals("disconnected", handler.log.getLast());
    }

    private FrontEnd next() {
        front.hangUp();
        awaitDisconnect();
        return FrontEnd.connect(port.path());
    }

    private void awaitDisconnect() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (port.connected()) {
            assertTrue(System.nanoTime() < deadline, "not within 10 s");
            Thread.onSpinWait();
        }
    }
}

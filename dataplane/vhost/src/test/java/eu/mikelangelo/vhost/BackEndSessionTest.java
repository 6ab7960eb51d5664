package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.virtio.Features;
import java.io.File;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A scripted front-end against the whole back-end: runtime, session, handler. */
class BackEndSessionTest {
    @TempDir
    Path folder;

    private final RecordingHandler handler = new RecordingHandler();
    private final StringBuffer problems = new StringBuffer();
    private int descriptorsBefore;
    private VhostRuntime runtime;
    private VhostPort port;
    private TestGuest front;
    private int kick;

    @BeforeEach
    void connect() {
        start(false);
    }

    private void start(boolean acceptShrinkable) {
        descriptorsBefore = openDescriptors();
        kick = Fds.eventFd();
        runtime = new VhostRuntime("vhost", (path, what) -> problems.append(what).append('\n'));
        String path = folder.resolve("s" + descriptorsBefore + acceptShrinkable).toString();
        port = runtime.add(path, true, new BackEndConfig(Features.NET_OFFERED, 1, acceptShrinkable), handler);
        front = new TestGuest(FrontEnd.connect(path), !acceptShrinkable);
    }

    @AfterEach
    void nothingLeaks() {
        front.close();
        runtime.close();
        Fds.close(kick);
        await(() -> openDescriptors() == descriptorsBefore);
        assertEquals(List.of(), handlerRunning());
    }

    @Test
    void handshakeStartsBothRings() {
        front.handshake();
        String log = String.join("\n", handler.log);
        assertTrue(log.contains("memory 1\nstart 0"), log);
        assertEquals(List.of(0, 1), handlerRunning());
        assertEquals(TestGuest.SIZE, handler.running[0].size());
        assertEquals(TestGuest.SPLIT, handler.running[0].features());
        assertEquals(2, port.runningRings());
        assertTrue(port.connected());
        assertEquals(1, front.ask(new Request.Plain(RequestType.GET_QUEUE_NUM)));
        assertEquals("", problems.toString());
    }

    /** As QEMU 7.2 does when the device is made, long before the driver starts. */
    @Test
    void ringsMayBeEnabledBeforeFeaturesAreSet() {
        front.send(new Request.Number(RequestType.SET_PROTOCOL_FEATURES, 8), false);
        front.tell(TestGuest.state(RequestType.SET_VRING_ENABLE, 0, 1));
        front.handshake();
        assertEquals(List.of(0, 1), handlerRunning());
    }

    @Test
    void getVringBaseStopsAndAnswersWhereWeAre() {
        front.negotiate();
        front.ring(0, 65_530);
        handler.taken = 10;
        long state = front.ask(TestGuest.state(RequestType.GET_VRING_BASE, 0, 0));
        assertEquals(4L << 32, state);
        assertEquals(List.of(), handlerRunning());
        front.tell(TestGuest.kick(0), kick);
        assertEquals(4, handler.running[0].nextAvail());
    }

    @Test
    void aRingNeedsAllOfItsParts() {
        front.negotiate();
        front.tell(TestGuest.state(RequestType.SET_VRING_ENABLE, 0, 1));
        front.tell(TestGuest.address(0));
        front.tell(TestGuest.state(RequestType.SET_VRING_NUM, 0, 16));
        assertEquals(List.of(), handlerRunning());
        front.tell(TestGuest.kick(0), kick);
        assertEquals(List.of(0), handlerRunning());
        assertEquals(-1, handler.callFds[0]);
        front.tell(TestGuest.state(RequestType.SET_VRING_ENABLE, 0, 0));
        assertEquals(List.of(), handlerRunning());
    }

    @Test
    void withoutProtocolFeaturesRingsAreEnabledFromTheStart() {
        front.send(new Request.Number(RequestType.SET_FEATURES, Features.VERSION_1), false);
        front.send(TestGuest.oneRegion(TestGuest.MEMORY), false, front.ram.fd());
        front.send(TestGuest.state(RequestType.SET_VRING_NUM, 0, 64), false);
        front.send(TestGuest.address(0), false);
        front.send(TestGuest.kick(0), false, kick);
        front.ask(new Request.Plain(RequestType.GET_FEATURES));
        assertEquals(List.of(0), handlerRunning());
        assertEquals(Features.VERSION_1, handler.running[0].features());
    }

    @Test
    void newMemoryIsStopSwapStart() {
        front.handshake();
        handler.log.clear();
        front.tell(TestGuest.oneRegion(TestGuest.MEMORY / 2), front.ram.fd());
        assertEquals(List.of("stop 0", "stop 1", "memory 1", "start 0 size 256 base 0", "start 1 size 256 base 0"),
                handler.log);
        assertEquals(TestGuest.MEMORY / 2, handler.memory.region(0).size());
    }

    @Test
    void aChangedDescriptorIsStopSwapStart() {
        front.handshake();
        handler.log.clear();
        front.tell(new Request.VringFd(RequestType.SET_VRING_CALL, 1, false));
        assertEquals(List.of("stop 1", "start 1 size 256 base 0"), handler.log);
        assertEquals(-1, handler.callFds[1]);
    }

    @Test
    void ringsThatLeaveTheMemoryEndTheSession() {
        front.handshake();
        assertEquals(1, front.ask(TestGuest.oneRegion(4096), front.ram.fd()));
        refused("does not lie aligned in the guest's memory");
    }

    @Test
    void misalignedAndWrappingRingsEndTheSession() {
        front.handshake();
        long user = TestGuest.USER;
        front.send(new Request.VringAddress(0, 0, user + 8, user, user, 0), true);
        refused("descriptor table at");
    }

    @Test
    void wrappingRing() {
        front.handshake();
        front.send(new Request.VringAddress(0, 0, -16, TestGuest.USER, TestGuest.USER, 0), true);
        refused("descriptor table at 0xfffffffffffffff0");
    }

    @Test
    void lyingRegionSizes() {
        front.negotiate();
        front.send(TestGuest.oneRegion(TestGuest.MEMORY + 1), true, front.ram.fd());
        refused("does not lie in its file of 1048576 bytes");
    }

    @Test
    void regionOffsetsThatOverflow() {
        front.negotiate();
        Request.MemoryRegion region = new Request.MemoryRegion(0, 4096, 0, -4096);
        front.send(new Request.MemoryTable(List.of(region)), true, front.ram.fd());
        refused("18446744073709547520 does not lie in its file");
    }

    @Test
    void overlappingRegions() {
        front.negotiate();
        Request.MemoryRegion region = new Request.MemoryRegion(0, 8192, 0x1000, 0);
        Request.MemoryRegion other = new Request.MemoryRegion(4096, 8192, 0x10000, 0);
        front.send(new Request.MemoryTable(List.of(region, other)), true, front.ram.fd(), front.ram.fd());
        refused("overlap");
    }

    @Test
    void memoryThatThePeerCanShrinkIsRefused() {
        front.negotiate();
        int open = Fds.memFd("unsealed", 8192);
        front.send(TestGuest.oneRegion(8192), true, open);
        Fds.close(open);
        refused("F_SEAL_SHRINK");
    }

    @Test
    void memoryThatIsNoFile() {
        front.negotiate();
        front.send(TestGuest.oneRegion(8192), true, kick);
        refused("not backed by a file");
    }

    @Test
    void aTrustedPeerMayShrinkAndTheProcessLives() {
        nothingLeaks();
        start(true);
        front.handshake();
        Fds.truncate(front.ram.fd(), 0);
        Region region = handler.memory.region(0);
        assertThrows(InternalError.class, () -> {
            region.u64(0x10000);
            Thread.yield();
        });
        assertEquals(1, front.ask(new Request.Plain(RequestType.GET_QUEUE_NUM)));
    }

    @Test
    void callDescriptorsMustBeEventFds() {
        front.negotiate();
        front.send(new Request.VringFd(RequestType.SET_VRING_CALL, 0, true), true, front.ram.fd());
        refused("not an eventfd");
    }

    @Test
    void badValuesEndTheSession() {
        front.handshake();
        front.send(TestGuest.state(RequestType.SET_VRING_NUM, 0, 100), true);
        refused("size 100 is not a power of two");
    }

    @Test
    void hugeRings() {
        front.negotiate();
        front.send(TestGuest.state(RequestType.SET_VRING_NUM, 0, 32_769), true);
        refused("32769 entries");
    }

    @Test
    void ringsThatDoNotExist() {
        front.negotiate();
        front.send(TestGuest.state(RequestType.SET_VRING_NUM, 2, 16), true);
        refused("ring 2 does not exist");
    }

    @Test
    void floodsEndTheSession() {
        front.negotiate();
        // In bulk and for as long as it takes: a slow machine needs several seconds' windows.
        assertThrows(IllegalStateException.class, () -> {
            for (int i = 0; i < 100 * Connector.MAX_MESSAGES_PER_SECOND; i++) {
                front.send(new Request.Plain(RequestType.SET_OWNER), false);
            }
        });
        refused("messages in a second");
    }

    @Test
    void featuresThatWereNotOffered() {
        // VIRTIO_NET_F_CTRL_GUEST_OFFLOADS: there is no control queue.
        front.send(new Request.Number(RequestType.SET_FEATURES, 1 << 2), true);
        refused("0x4, which was not offered");
    }

    @Test
    void disconnectingStopsEverything() {
        front.handshake();
        front.front.hangUp();
        await(() -> handler.log.getLast().equals("disconnected"));
        assertEquals(List.of(), handlerRunning());
        assertFalse(port.connected());
        TestGuest again = new TestGuest(FrontEnd.connect(port.path()));
        again.handshake();
        assertEquals(List.of(0, 1), handlerRunning());
        assertEquals(2, port.connections());
        again.close();
    }

    @Test
    void asClientItReconnects() {
        String path = folder.resolve("qemu").toString();
        RecordingHandler device = new RecordingHandler();
        VhostPort client = runtime.add(path, false, new BackEndConfig(Features.NET_OFFERED, 1, false), device);
        try (TestGuest qemu = new TestGuest(FrontEnd.listen(path))) {
            qemu.front.await();
            qemu.handshake();
            for (int round = 0; round < 3; round++) {
                qemu.ram.segment().set(ValueLayout.JAVA_SHORT, TestGuest.config(1, 0, 0).usedUser() + 2
                        - TestGuest.USER, (short) (round + 7));
                qemu.front.reconnect();
                assertEquals(2, client.runningRings());
                assertEquals(0, device.running[0].nextAvail());
                assertEquals(round + 7, device.running[1].nextAvail());
            }
        }
        runtime.remove(client);
        assertEquals("disconnected", device.log.getLast());
    }

    /** The process may end as soon as it has: a socket file that is left would keep the next one from listening. */
    @Test
    void whenItIsClosedNothingIsLeftToDo() {
        VhostRuntime other = new VhostRuntime("other", (path, what) -> { });
        List<Path> sockets = new java.util.ArrayList<>();
        for (int i = 0; i < 200; i++) {
            sockets.add(folder.resolve("n" + i));
            other.add(sockets.get(i).toString(), true, new BackEndConfig(Features.NET_OFFERED, 1, false),
                    new RecordingHandler());
        }
        other.close();
        assertEquals(List.of(), sockets.reversed().stream().filter(Files::exists).toList());
    }

    private void refused(String why) {
        assertTrue(front.hungUp());
        await(() -> !port.connected());
        assertTrue(problems.toString().contains(why), problems.toString());
        assertEquals("disconnected", handler.log.getLast());
    }

    private List<Integer> handlerRunning() {
        List<Integer> running = new java.util.ArrayList<>();
        for (int i = 0; i < handler.running.length; i++) {
            if (handler.running[i] != null) {
                running.add(i);
            }
        }
        return running;
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "not within 10 s");
            Thread.onSpinWait();
        }
    }

    private static int openDescriptors() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }
}

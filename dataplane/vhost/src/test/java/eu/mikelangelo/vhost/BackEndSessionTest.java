package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import java.io.File;
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
    private FakeFrontEnd front;

    @BeforeEach
    void connect() {
        start(false);
    }

    private void start(boolean acceptShrinkable) {
        descriptorsBefore = openDescriptors();
        runtime = new VhostRuntime("vhost", (path, what) -> problems.append(what).append('\n'));
        String path = folder.resolve("s" + descriptorsBefore + acceptShrinkable).toString();
        port = runtime.add(path, true, new BackEndConfig(Features.NET_OFFERED, 1, acceptShrinkable), handler);
        front = new FakeFrontEnd(UnixSockets.connect(path));
    }

    @AfterEach
    void nothingLeaks() {
        front.close();
        runtime.close();
        await(() -> openDescriptors() == descriptorsBefore);
        assertEquals(List.of(), handlerRunning());
    }

    @Test
    void handshakeStartsBothRings() {
        front.handshake();
        String log = String.join("\n", handler.log);
        assertTrue(log.contains("memory 1\nstart 0"), log);
        assertEquals(List.of(0, 1), handlerRunning());
        assertEquals(FakeFrontEnd.SIZE, handler.running[0].size());
        assertEquals(Features.NET_OFFERED, handler.running[0].features());
        assertEquals(2, port.runningRings());
        assertTrue(port.connected());
        assertEquals(1, front.ask(new Request.Plain(RequestType.GET_QUEUE_NUM)));
        assertEquals("", problems.toString());
    }

    /** As QEMU 7.2 does when the device is made, long before the driver starts. */
    @Test
    void ringsMayBeEnabledBeforeFeaturesAreSet() {
        front.send(new Request.Number(RequestType.SET_PROTOCOL_FEATURES, 8), false);
        FakeFrontEnd.check(front.ask(FakeFrontEnd.state(RequestType.SET_VRING_ENABLE, 0, 1)));
        front.handshake();
        assertEquals(List.of(0, 1), handlerRunning());
    }

    @Test
    void getVringBaseStopsAndAnswersWhereWeAre() {
        front.negotiate();
        front.ring(0, 65_530);
        handler.taken = 10;
        long state = front.ask(FakeFrontEnd.state(RequestType.GET_VRING_BASE, 0, 0));
        assertEquals(4L << 32, state);
        assertEquals(List.of(), handlerRunning());
        FakeFrontEnd.check(front.ask(new Request.VringFd(RequestType.SET_VRING_KICK, 0, true), front.kicks[0]));
        assertEquals(4, handler.running[0].nextAvail());
    }

    @Test
    void aRingNeedsAllOfItsParts() {
        front.negotiate();
        FakeFrontEnd.check(front.ask(FakeFrontEnd.state(RequestType.SET_VRING_ENABLE, 0, 1)));
        FakeFrontEnd.check(front.ask(FakeFrontEnd.address(0)));
        FakeFrontEnd.check(front.ask(FakeFrontEnd.state(RequestType.SET_VRING_NUM, 0, 16)));
        assertEquals(List.of(), handlerRunning());
        FakeFrontEnd.check(front.ask(new Request.VringFd(RequestType.SET_VRING_KICK, 0, true), front.kicks[0]));
        assertEquals(List.of(0), handlerRunning());
        assertEquals(-1, handler.callFds[0]);
        FakeFrontEnd.check(front.ask(FakeFrontEnd.state(RequestType.SET_VRING_ENABLE, 0, 0)));
        assertEquals(List.of(), handlerRunning());
    }

    @Test
    void withoutProtocolFeaturesRingsAreEnabledFromTheStart() {
        front.send(new Request.Number(RequestType.SET_FEATURES, Features.VERSION_1), false);
        front.send(FakeFrontEnd.oneRegion(FakeFrontEnd.MEMORY), false, front.memFd);
        front.send(FakeFrontEnd.state(RequestType.SET_VRING_NUM, 0, 64), false);
        front.send(FakeFrontEnd.address(0), false);
        front.send(new Request.VringFd(RequestType.SET_VRING_KICK, 0, true), false, front.kicks[0]);
        front.ask(new Request.Plain(RequestType.GET_FEATURES));
        assertEquals(List.of(0), handlerRunning());
        assertEquals(Features.VERSION_1, handler.running[0].features());
    }

    @Test
    void newMemoryIsStopSwapStart() {
        front.handshake();
        handler.log.clear();
        FakeFrontEnd.check(front.ask(FakeFrontEnd.oneRegion(FakeFrontEnd.MEMORY / 2), front.memFd));
        assertEquals(List.of("stop 0", "stop 1", "memory 1", "start 0 size 256 base 0", "start 1 size 256 base 0"),
                handler.log);
        assertEquals(FakeFrontEnd.MEMORY / 2, handler.memory.region(0).size());
    }

    @Test
    void aChangedDescriptorIsStopSwapStart() {
        front.handshake();
        handler.log.clear();
        FakeFrontEnd.check(front.ask(new Request.VringFd(RequestType.SET_VRING_CALL, 1, false)));
        assertEquals(List.of("stop 1", "start 1 size 256 base 0"), handler.log);
        assertEquals(-1, handler.callFds[1]);
    }

    @Test
    void ringsThatLeaveTheMemoryEndTheSession() {
        front.handshake();
        assertEquals(1, front.ask(FakeFrontEnd.oneRegion(4096), front.memFd));
        refused("does not lie aligned in the guest's memory");
    }

    @Test
    void misalignedAndWrappingRingsEndTheSession() {
        front.handshake();
        long user = FakeFrontEnd.USER;
        front.send(new Request.VringAddress(0, 0, user + 8, user, user, 0), true);
        refused("descriptor table at");
    }

    @Test
    void wrappingRing() {
        front.handshake();
        front.send(new Request.VringAddress(0, 0, -16, FakeFrontEnd.USER, FakeFrontEnd.USER, 0), true);
        refused("descriptor table at 0xfffffffffffffff0");
    }

    @Test
    void lyingRegionSizes() {
        front.negotiate();
        front.send(FakeFrontEnd.oneRegion(FakeFrontEnd.MEMORY + 1), true, front.memFd);
        refused("does not lie in its file of 1048576 bytes");
    }

    @Test
    void regionOffsetsThatOverflow() {
        front.negotiate();
        front.send(new Request.MemoryTable(List.of(new Request.MemoryRegion(0, 4096, 0, -4096))), true, front.memFd);
        refused("18446744073709547520 does not lie in its file");
    }

    @Test
    void overlappingRegions() {
        front.negotiate();
        Request.MemoryRegion region = new Request.MemoryRegion(0, 8192, 0x1000, 0);
        Request.MemoryRegion other = new Request.MemoryRegion(4096, 8192, 0x10000, 0);
        front.send(new Request.MemoryTable(List.of(region, other)), true, front.memFd, front.memFd);
        refused("overlap");
    }

    @Test
    void memoryThatThePeerCanShrinkIsRefused() {
        front.negotiate();
        int open = Fds.memFd("unsealed", 8192);
        front.send(FakeFrontEnd.oneRegion(8192), true, open);
        Fds.close(open);
        refused("F_SEAL_SHRINK");
    }

    @Test
    void memoryThatIsNoFile() {
        front.negotiate();
        front.send(FakeFrontEnd.oneRegion(8192), true, front.kicks[0]);
        refused("not backed by a file");
    }

    @Test
    void aTrustedPeerMayShrinkAndTheProcessLives() {
        nothingLeaks();
        start(true);
        Fds.close(front.memFd);
        front.memFd = Fds.memFd("unsealed", FakeFrontEnd.MEMORY);
        front.handshake();
        Fds.truncate(front.memFd, 0);
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
        front.send(new Request.VringFd(RequestType.SET_VRING_CALL, 0, true), true, front.memFd);
        refused("not an eventfd");
    }

    @Test
    void badValuesEndTheSession() {
        front.negotiate();
        front.send(FakeFrontEnd.state(RequestType.SET_VRING_NUM, 0, 100), true);
        refused("100 entries");
    }

    @Test
    void ringsThatDoNotExist() {
        front.negotiate();
        front.send(FakeFrontEnd.state(RequestType.SET_VRING_NUM, 2, 16), true);
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
        Fds.close(front.socket);
        await(() -> handler.log.getLast().equals("disconnected"));
        assertEquals(List.of(), handlerRunning());
        assertFalse(port.connected());
        FakeFrontEnd again = new FakeFrontEnd(UnixSockets.connect(port.path()));
        again.handshake();
        assertEquals(List.of(0, 1), handlerRunning());
        assertEquals(2, port.connections());
        again.close();
    }

    @Test
    void asClientItReconnects() {
        String path = folder.resolve("qemu").toString();
        int listener = UnixSockets.listen(path, 4);
        RecordingHandler device = new RecordingHandler();
        VhostPort client = runtime.add(path, false, new BackEndConfig(Features.NET_OFFERED, 1, false), device);
        for (int round = 0; round < 3; round++) {
            int[] socket = {-1};
            await(() -> (socket[0] = UnixSockets.accept(listener)) >= 0 || socket[0] != -Errno.EAGAIN);
            try (FakeFrontEnd qemu = new FakeFrontEnd(socket[0])) {
                qemu.handshake();
                assertEquals(2, client.runningRings());
            }
        }
        runtime.remove(client);
        assertEquals("disconnected", device.log.getLast());
        Fds.close(listener);
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

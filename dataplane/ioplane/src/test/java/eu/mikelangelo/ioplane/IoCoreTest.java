package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.mock.MockGuest;
import eu.mikelangelo.virtio.mock.MockNic;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.BitSet;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A core on its own thread, with real eventfds. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class IoCoreTest {
    private final Random random = new Random(11);

    private static IoOptions options() {
        return new IoOptions(-1, 30_000, Frames.GATEWAY_MAC, Frames.GATEWAY_IP);
    }

    @Test
    void framesPassWhileTheCoreSleepsBetweenThem() throws InterruptedException {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            for (int i = 0; i < 500; i++) {
                byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 60 + i, random);
                b.nic.receiver().armCalls();
                assertTrue(a.send(frame));
                assertArrayEquals(frame, b.await());
                CoreBench.await("a call", () -> b.wasCalled(0));
                b.refill(64);
                if (i % 50 == 0) {
                    Thread.sleep(2);
                }
            }
            assertEquals(500, a.port.txFrames());
            assertEquals(500, b.port.rxFrames());
            assertTrue(bench.core.sleeps() > 5);
            assertTrue(a.port.kicks() > 0);
        }
    }

    /** A core that never spins once slept on the command that asked it to stop. */
    @Test
    void aCoreThatNeverSpinsServesAndStops() {
        for (int i = 0; i < 20; i++) {
            try (CoreBench bench = new CoreBench(new IoOptions(-1, 0, Frames.GATEWAY_MAC, Frames.GATEWAY_IP))) {
                CoreBench.Machine a = bench.fixed(1, null);
                CoreBench.Machine b = bench.fixed(2, null);
                byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 60, random);
                a.send(frame);
                assertArrayEquals(frame, b.await());
            }
        }
    }

    @Test
    void idleCostsNothing() throws InterruptedException {
        try (CoreBench bench = new CoreBench(options())) {
            bench.fixed(1, null);
            bench.fixed(2, null);
            Thread.sleep(50);
            long id = bench.core.threadId();
            long sleeps = bench.core.sleeps();
            long before = ManagementFactory.getThreadMXBean().getThreadCpuTime(id);
            Thread.sleep(500);
            assertEquals(sleeps, bench.core.sleeps(), "it slept through");
            assertTrue(ManagementFactory.getThreadMXBean().getThreadCpuTime(id) - before < 1_000_000);
        }
    }

    /** The core sleeps meanwhile; the receiver's kick for its new buffers wakes it. */
    @Test
    void aFrameWaitingForBuffersIsDeliveredWhenTheyCome() {
        try (CoreBench bench = new CoreBench(new IoOptions(-1, 0, Frames.GATEWAY_MAC, Frames.GATEWAY_IP))) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.machine(new PortConfig("b", Frames.mac(2), 0, null),
                    new MockNic(4, 2048, CoreBench.FEATURES));
            byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 60, random);
            for (int i = 0; i < 4; i++) {
                assertTrue(a.send(frame));
                assertArrayEquals(frame, b.await());
            }
            // On a busy host 2 ms pass before we have looked. The core reads it after the notification that follows.
            b.port.patienceNs = 10_000_000_000L;
            byte[] waiting = Frames.plain(Frames.mac(2), Frames.mac(1), 60, random);
            assertTrue(a.send(waiting));
            // The volatile read comes first: it makes the core's own field worth reading again.
            CoreBench.await("the core to wait", () -> bench.core.sleeps() > 0 && b.port.awaited);
            // Most likely it sleeps by now, and the refill has to wake it.
            LockSupport.parkNanos(20_000_000);
            b.refill(1);
            CoreBench.await("the frame to be taken", () -> a.port.txFrames() == 5);
            assertEquals(0, b.port.drops(Drop.NO_BUFFERS));
            assertArrayEquals(waiting, b.await());
        }
    }

    /** The memory is gone before the ring starts: nothing of it stays with the core, and the others are served. */
    @Test
    void aRingThatCannotStartIsLetGoOf() {
        long size = (MockGuest.OVERHEAD + MockNic.memoryBytes(64, 2048) + 4095) / 4096 * 4096;
        int file = Fds.memFd("guest", size);
        try (Arena arena = Arena.ofShared(); CoreBench bench = new CoreBench(options())) {
            MockGuest guest = new MockGuest(Mappings.shared(file, 0, size, arena));
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            CoreBench.Machine c = bench.machine(new PortConfig("c", Frames.mac(3), 0, null),
                    new MockNic(guest, 64, 2048, CoreBench.FEATURES));
            c.handler.stopRing(0);
            c.handler.stopRing(1);
            Fds.truncate(file, 0);
            for (int ring = 0; ring < 2; ring++) {
                int index = ring;
                QueueConfig config = (ring == 0 ? c.nic.receiver() : c.nic.transmitter()).config();
                assertThrows(IllegalStateException.class,
                        () -> c.handler.startRing(index, config, c.kicks[index], c.called[index]));
            }
            assertEquals(-1, c.port.rxCallFd);
            assertEquals(-1, c.port.txKickFd);
            assertSame(GuestMemory.EMPTY, c.port.rx.queue().memory());
            assertSame(GuestMemory.EMPTY, c.port.tx.queue().memory());
            byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 100, random);
            a.send(frame);
            assertArrayEquals(frame, b.await());
            assertEquals(QueueFault.NONE, a.port.fault());
        } finally {
            Fds.close(file);
        }
    }

    @Test
    void stoppedRingsKeepTheirPlaceAndSuccessorsContinue() {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            for (int i = 1; i <= 40; i++) {
                byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 100, random);
                a.send(frame);
                assertArrayEquals(frame, b.await());
                b.refill(64);
                if (i % 10 == 0) {
                    int next = a.handler.stopRing(1);
                    assertEquals(i, next);
                    QueueConfig c = a.nic.transmitter().config();
                    a.handler.startRing(1, new QueueConfig(c.size(), c.descriptorUser(), c.availUser(),
                            c.usedUser(), next,
                            c.features()), a.kicks[1], a.called[1]);
                }
            }
            assertEquals(0, b.port.drops(Drop.NO_BUFFERS));
        }
    }

    @Test
    void framesSentBeforeTheRingStartedAreTaken() {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine b = bench.fixed(2, null);
            MockNic nic = new MockNic(64, 2048, CoreBench.FEATURES);
            byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 100, random);
            nic.send(frame);
            bench.machine(new PortConfig("early", Frames.mac(1), 0, null), nic);
            assertArrayEquals(frame, b.await());
        }
    }

    @Test
    void badRingsAreRefusedWithTheReason() {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            a.handler.stopRing(1);
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                    () -> a.handler.startRing(1, new QueueConfig(3, 0, 0, 0, 0, 0), a.kicks[1], -1));
            assertTrue(refused.getMessage().contains("power of two"), refused.getMessage());
            assertThrows(IllegalArgumentException.class,
                    () -> a.handler.startRing(2, a.nic.transmitter().config(), a.kicks[1], -1));
            assertThrows(IllegalArgumentException.class,
                    () -> a.handler.startRing(1, a.nic.transmitter().config(), -1, -1), "nobody would wake the core");
            assertEquals(0, a.handler.stopRing(7));
        }
    }

    @Test
    void removedPortsLetGo() {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            bench.core.removePort(b.port);
            bench.core.removePort(b.port);
            a.send(Frames.plain(Frames.mac(2), Frames.mac(1), 100, random));
            CoreBench.await("the frame to be taken", () -> a.port.txFrames() == 1);
            assertEquals(0, b.port.rxFrames());
            assertThrows(IllegalArgumentException.class,
                    () -> b.handler.startRing(1, b.nic.transmitter().config(), b.kicks[1], -1));
        }
    }

    @Test
    void thereIsABoundOnPorts() {
        try (CoreBench bench = new CoreBench(options())) {
            for (int i = 0; i < Switch.MAX_PORTS; i++) {
                bench.core.addPort(PortConfig.open("p" + i));
            }
            assertThrows(IllegalStateException.class, () -> bench.core.addPort(PortConfig.open("one too many")));
        }
    }

    @Test
    void anEndedCoreRefusesCommands() {
        CoreBench bench = new CoreBench(options());
        CoreBench.Machine a = bench.fixed(1, null);
        a.send(Frames.plain(Frames.mac(2), Frames.mac(1), 100, random));
        CoreBench.await("the frame to be taken", () -> a.port.txFrames() == 1);
        bench.close();
        bench.core.close();
        assertThrows(IllegalStateException.class, () -> bench.core.addPort(PortConfig.open("late")));
        assertEquals(1, a.handler.stopRing(1), "a session that ends later still learns the position");
    }

    /** A guest's file shrinks under us: that port is given up, the others go on. */
    @Test
    void vanishedMemoryBreaksOnePort() {
        long size = (MockGuest.OVERHEAD + MockNic.memoryBytes(64, 2048) + 4095) / 4096 * 4096;
        int file = Fds.memFd("guest", size);
        try (Arena arena = Arena.ofShared(); CoreBench bench = new CoreBench(options())) {
            MockGuest guest = new MockGuest(Mappings.shared(file, 0, size, arena));
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            CoreBench.Machine c = bench.machine(new PortConfig("c", Frames.mac(3), 0, null),
                    new MockNic(guest, 64, 2048, CoreBench.FEATURES));
            byte[] frame = Frames.plain(Frames.mac(3), Frames.mac(1), 100, random);
            a.send(frame);
            assertArrayEquals(frame, c.await());
            // The rings of c stay, most of its receive buffers go: a's frames hit them in a's turn.
            Fds.truncate(file, 64 << 10);
            CoreBench.await("a frame that hits", () -> {
                a.send(frame);
                return c.port.fault() != QueueFault.NONE;
            });
            byte[] other = Frames.plain(Frames.mac(2), Frames.mac(1), 1000, random);
            CoreBench.await("room", () -> a.send(other));
            assertArrayEquals(other, b.await());
            CoreBench.await("the verdict", () -> c.port.fault() == QueueFault.MEMORY_GONE);
            assertEquals(QueueFault.NONE, a.port.fault(), "the sender is innocent");
            assertEquals(1, bench.errors.entries().size(), bench.errors.entries().toString());
            c.handler.stopRing(0);
            c.handler.stopRing(1);
            c.handler.memory(GuestMemory.EMPTY);
        } finally {
            Fds.close(file);
        }
    }

    /** Rings and all, at any moment of a turn: the error may come late, wherever the core is by then. */
    @Test
    void theCoreOutlivesAnyNumberOfVanishingGuests() {
        long size = (MockGuest.OVERHEAD + MockNic.memoryBytes(64, 2048) + 4095) / 4096 * 4096;
        try (Arena arena = Arena.ofShared(); CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            for (int i = 0; i < 60; i++) {
                int file = Fds.memFd("guest", size);
                MockGuest guest = new MockGuest(Mappings.shared(file, 0, size, arena));
                CoreBench.Machine c = bench.machine(new PortConfig("c" + i, Frames.mac(3 + i), 0, null),
                        new MockNic(guest, 64, 2048, CoreBench.FEATURES));
                byte[] frame = Frames.plain(Frames.mac(3 + i), Frames.mac(1), 100, random);
                for (int n = 0; n < i; n++) {
                    a.send(frame);
                }
                Fds.truncate(file, 0);
                CoreBench.await("the verdict on " + i, () -> {
                    a.send(frame);
                    return c.port.fault() == QueueFault.MEMORY_GONE;
                });
                Fds.close(file);
                bench.core.removePort(c.port);
                byte[] other = Frames.plain(Frames.mac(2), Frames.mac(1), 1000, random);
                CoreBench.await("room", () -> a.send(other));
                assertArrayEquals(other, b.await());
                b.refill(64);
            }
            assertTrue(bench.core.alive());
            assertEquals(QueueFault.NONE, a.port.fault());
            assertEquals(QueueFault.NONE, b.port.fault());
        }
    }

    /** Memory that was unmapped under a ring is our own mistake; the port whose it is pays, not the sender. */
    @Test
    void unmappedMemoryBreaksThePortThatHasIt() {
        Arena arena = Arena.ofShared();
        try (CoreBench bench = new CoreBench(options())) {
            MockGuest guest = new MockGuest(arena.allocate(MockGuest.OVERHEAD + MockNic.memoryBytes(64, 2048), 4096));
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            CoreBench.Machine c = bench.machine(new PortConfig("c", Frames.mac(3), 0, null),
                    new MockNic(guest, 64, 2048, CoreBench.FEATURES));
            arena.close();
            a.send(Frames.plain(Frames.mac(3), Frames.mac(1), 100, random));
            CoreBench.await("the verdict", () -> c.port.fault() != QueueFault.NONE);
            byte[] other = Frames.plain(Frames.mac(2), Frames.mac(1), 1000, random);
            a.send(other);
            assertArrayEquals(other, b.await());
            assertEquals(QueueFault.NONE, a.port.fault(), "the sender is innocent");
        }
    }

    @Test
    void aRingThatStartsBeginsWithACall() {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            // One may have been lost between two call descriptors or two back-ends.
            assertTrue(a.wasCalled(0));
            assertTrue(a.wasCalled(1));
        }
    }

    /** O_NONBLOCK belongs to the open file: a peer can clear it after we have set it, and fill the counter. */
    @Test
    void aPeerThatBlocksItsCallsLosesItsPort() {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            CoreBench.Machine c = bench.fixed(3, null);
            HotCalls calls = new HotCalls();
            assertTrue(c.wasCalled(0));
            Fds.nonBlocking(c.called[0], false);
            MemorySegment full = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, -2L);
            assertEquals(8, calls.write(c.called[0], full, 0, 8));
            c.nic.receiver().armCalls();
            a.send(Frames.plain(Frames.mac(3), Frames.mac(1), 100, random));
            CoreBench.await("the frame", () -> c.nic.poll() != null);
            byte[] other = Frames.plain(Frames.mac(2), Frames.mac(1), 1000, random);
            a.send(other);
            Port[] held = new Port[1];
            CoreBench.await("a look", () -> {
                LockSupport.parkNanos(50_000_000);
                held[0] = bench.core.freeFromCall();
                return held[0] != null;
            });
            assertSame(c.port, held[0]);
            assertArrayEquals(other, b.await());
            assertNull(bench.core.freeFromCall());
        }
    }

    /** Throws in the loop itself, outside any command. */
    private static void raise(IoCore core, Throwable thrown) {
        core.execute(new Command() {
            @Override
            void act(CoreAgent agent) {
                Shard.current().host().outside(0).enqueue(() -> IoCoreTest.<RuntimeException>sneak(thrown));
            }
        });
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }

    /** As the JVM does with the error of a vanished guest; from a system call it comes wrapped. */
    @Test
    void anErrorThatIsRaisedLateDoesNotEndTheCore() {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            CoreBench.Machine b = bench.fixed(2, null);
            raise(bench.core, new InternalError("late"));
            raise(bench.core, new AssertionError("a linked C function threw", new InternalError("late")));
            CoreBench.await("the records", () -> bench.errors.recorded() == 2);
            byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 100, random);
            assertTrue(a.send(frame));
            assertArrayEquals(frame, b.await());
            assertTrue(bench.core.alive());
            assertEquals(QueueFault.NONE, a.port.fault());
        }
    }

    /** The process is to be started again then; until that everybody is told, and nobody waits for ever. */
    @Test
    void aMistakeOfOursEndsTheCore() {
        try (CoreBench bench = new CoreBench(options())) {
            CoreBench.Machine a = bench.fixed(1, null);
            a.send(Frames.plain(Frames.mac(2), Frames.mac(1), 100, random));
            CoreBench.await("the frame to be taken", () -> a.port.txFrames() == 1);
            raise(bench.core, new IllegalStateException("a bug"));
            CoreBench.await("the end", () -> !bench.core.alive());
            assertTrue(bench.errors.entries().getFirst().toString().contains("the I/O core ended"));
            assertThrows(IllegalStateException.class, () -> bench.core.addPort(PortConfig.open("late")));
            assertEquals(1, a.handler.stopRing(1), "a session that ends later still learns the position");
        }
    }

    @Test
    void aTurnWithoutEndIsReported() {
        try (CoreBench bench = new CoreBench(options())) {
            bench.core.execute(new Command() {
                @Override
                void act(CoreAgent agent) {
                    CoreBench.await("the report", () -> bench.errors.recorded() == 1);
                }
            });
            assertTrue(bench.errors.entries().getFirst().what().startsWith("stall at "),
                    bench.errors.entries().toString());
        }
    }

    @Test
    void aCoreIsPinnedAndOneThatCannotBeServesAllTheSame() {
        int cpu = Cpus.allowed().nextSetBit(0);
        try (CoreBench bench = new CoreBench(options().pinned(cpu)); CoreBench other = new CoreBench(
                options().pinned(1_000))) {
            BitSet[] cpus = new BitSet[1];
            bench.core.execute(new Command() {
                @Override
                void act(CoreAgent agent) {
                    cpus[0] = Cpus.allowed();
                }
            });
            assertEquals(cpu, cpus[0].nextSetBit(0));
            assertEquals(1, cpus[0].cardinality());
            other.fixed(1, null);
            assertTrue(other.errors.entries().getFirst().what().contains("could not be pinned"));
        }
    }
}

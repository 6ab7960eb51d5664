package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Fiber;
import eu.mikelangelo.shard.Promise;
import eu.mikelangelo.shard.Shard;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DatagramsTest extends DevicesFixture {
    private static Region region(int bytes) {
        return new Region(Arena.ofAuto().allocate(bytes, 8));
    }

    @Test
    void datagramsGoAndComeWithTheirSender() throws Exception {
        int before = Descriptors.count();
        run(() -> {
            try (Datagrams one = Datagrams.bind(ANY); Datagrams two = Datagrams.bind(ANY)) {
                Region out = region(100);
                Region in = region(100);
                Peer to = new Peer(two.local());
                Peer from = new Peer();
                assertEquals(null, from.address());
                for (int i = 0; i < 500; i++) {
                    out.u32(8, i);
                    assertTrue(one.send(out, 8, 4, to));
                    assertEquals(4, two.receive(in, 16, 50, from));
                    assertEquals(i, in.u32(16));
                    assertEquals(one.local(), from.address());
                    assertEquals(one.local().getPort(), from.port());
                }
                assertTrue(one.send(out, 0, 0, to), "empty ones are datagrams too");
                assertEquals(0, two.receive(in, 0, 100, from));
                assertTrue(one.send(out, 0, 100, to));
                assertEquals(10, two.receive(in, 0, 10, from));
                assertEquals(1, two.truncated());
                assertEquals(502, one.sent());
                assertEquals(502, two.received());
                assertEquals(-1, two.tryReceive(in, 0, 10, from));
            }
            return null;
        });
        Descriptors.await(before);
    }

    @Test
    void waitingEndsByDeadlineAndByClosing() {
        run(() -> {
            Datagrams socket = Datagrams.bind(ANY);
            InetSocketAddress taken = socket.local();
            assertEquals(Errno.EADDRINUSE,
                    assertThrows(LinuxException.class, () -> Datagrams.bind(taken)).errno());
            Region in = region(100);
            Peer from = new Peer();
            assertThrows(Context.Ended.class, () -> Context.within(3_000_000, () -> socket.receive(in, 0, 9, from)));
            Fiber<Integer> waits = Shard.current().fiber(() -> socket.receive(in, 0, 9, from));
            Fiber.yieldNow();
            socket.close();
            socket.close();
            assertEquals(-1, waits.await());
            assertEquals(0, socket.dropped());
            assertThrows(IllegalStateException.class, () -> socket.send(in, 0, 1, new Peer(taken)));
            return null;
        });
    }

    @Test
    void aHandlerIsToldOfAll() {
        run(() -> {
            Promise<Integer> all = new Promise<>();
            int[] sum = new int[1];
            try (Datagrams server = Datagrams.bind(ANY); Datagrams client = Datagrams.bind(ANY)) {
                Region answer = region(4);
                server.onDatagram((data, length, from) -> {
                    answer.u32(0, data.u32(0) * 2);
                    server.send(answer, 0, length, from);
                });
                client.onDatagram((data, length, from) -> {
                    sum[0] += data.u32(0);
                    if (data.u32(0) == 2 * 200) {
                        all.complete(sum[0]);
                    }
                });
                Peer to = new Peer(server.local());
                Region out = region(4);
                for (int i = 1; i <= 200; i++) {
                    out.u32(0, i);
                    assertTrue(client.send(out, 0, 4, to));
                    if (i % 50 == 0) {
                        Fiber.yieldNow();
                    }
                }
                assertEquals(200 * 201, all.await());
            }
            return null;
        });
    }

    @Test
    void whatFindsTheBufferFullIsDroppedAndCounted() {
        run(() -> {
            try (Datagrams server = Datagrams.bind(ANY); Datagrams client = Datagrams.bind(ANY)) {
                server.receiveBuffer(8_192);
                Peer to = new Peer(server.local());
                Region bytes = region(1_000);
                for (int i = 0; i < 500; i++) {
                    assertTrue(client.send(bytes, 0, 1_000, to));
                }
                int got = 0;
                Peer from = new Peer();
                while (server.tryReceive(bytes, 0, 1_000, from) >= 0) {
                    got++;
                }
                assertTrue(got > 0 && got < 500, got + " came");
                assertEquals(500, got + server.dropped());
            }
            return null;
        });
    }

    /** Loopback never is without room, so a sender that is stands for the kernel. */
    @Test
    void whatHasNoRoomWaitsInOrderAndIsBounded() {
        run(() -> {
            List<Integer> left = new ArrayList<>();
            boolean[] full = {true};
            int fd = InetSockets.bindUdp(ANY, false);
            Datagrams[] socket = new Datagrams[1];
            socket[0] = new Datagrams(fd, (to, header) -> {
                if (full[0]) {
                    return -Errno.EAGAIN;
                }
                left.add(left.size());
                return left.size() == 3 ? -Errno.ENETUNREACH : Shard.current().calls().sendmsg(to, header);
            });
            try (Datagrams sender = socket[0]; Datagrams receiver = Datagrams.bind(ANY)) {
                Peer to = new Peer(receiver.local());
                Region bytes = region(2_000);
                for (int i = 0; i < Datagrams.QUEUE + 5; i++) {
                    bytes.u32(0, i);
                    assertEquals(i < Datagrams.QUEUE, sender.send(bytes, 0, i % 2 == 0 ? 4 : 2_000, to));
                }
                assertEquals(5, sender.overflowed());
                assertEquals(Datagrams.QUEUE, sender.queued());
                full[0] = false;
                sender.flush();
                assertEquals(0, sender.queued());
                assertEquals(1, sender.failed());
                assertEquals(Datagrams.QUEUE - 1, sender.sent());
                Peer from = new Peer();
                for (int i = 0; i < Datagrams.QUEUE; i++) {
                    if (i != 2) {
                        assertEquals(i % 2 == 0 ? 4 : 2_000, receiver.receive(bytes, 0, 2_000, from));
                        assertEquals(i, bytes.u32(0));
                    }
                }
                assertThrows(IllegalArgumentException.class, () -> sender.send(region(70_000), 0, 66_000, to));
                assertThrows(IndexOutOfBoundsException.class, () -> sender.send(bytes, 1_999, 2, to));
            }
            return null;
        });
    }

    @Test
    void severalShardsShareAnAddress() {
        run(() -> {
            try (Datagrams first = Datagrams.bindShared(ANY); Datagrams second = Datagrams.bindShared(first.local())) {
                assertEquals(first.local(), second.local());
                Region bytes = region(4);
                Peer from = new Peer();
                int[] got = new int[2];
                for (int i = 0; i < 200 && (got[0] == 0 || got[1] == 0); i++) {
                    try (Datagrams client = Datagrams.bind(ANY)) {
                        client.send(bytes, 0, 4, new Peer(first.local()));
                    }
                    got[0] += first.tryReceive(bytes, 0, 4, from) >= 0 ? 1 : 0;
                    got[1] += second.tryReceive(bytes, 0, 4, from) >= 0 ? 1 : 0;
                }
                assertTrue(got[0] > 0 && got[1] > 0, got[0] + " and " + got[1]);
            }
            return null;
        });
    }

    /** On the loop itself, whose allocation can be asked for. */
    @Test
    void datagramsAllocateNothing() {
        long allocated = run(() -> {
            Promise<Long> bytes = new Promise<>();
            Shard.current().execute(() -> bytes.complete(thereAndBack()));
            return bytes.await();
        });
        assertTrue(allocated < 10_000, allocated + " bytes for 10,000 datagrams there and back");
    }

    /** @return what the best 10,000 allocated: the first are not compiled yet */
    private static long thereAndBack() {
        try (Datagrams one = Datagrams.bind(ANY); Datagrams two = Datagrams.bind(ANY)) {
            Region bytes = region(100);
            Peer to = new Peer(two.local());
            Peer from = new Peer();
            long thread = Thread.currentThread().threadId();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 50 && least >= 10_000; round++) {
                long before = allocatedBytes(thread);
                for (int i = 0; i < 10_000; i++) {
                    if (!one.send(bytes, 0, 100, to) || two.tryReceive(bytes, 0, 100, from) != 100) {
                        throw new AssertionError("a datagram is missing");
                    }
                }
                least = Math.min(least, allocatedBytes(thread) - before);
            }
            return least;
        }
    }
}

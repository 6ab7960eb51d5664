package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.frame.EtherLayout;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.vhost.BackEndConfig;
import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.vhost.Request;
import eu.mikelangelo.vhost.RequestType;
import eu.mikelangelo.vhost.VhostPort;
import eu.mikelangelo.vhost.VhostRuntime;
import eu.mikelangelo.virtio.Features;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A card with several queue pairs as a front-end sees it: over a socket, beside a machine with one pair. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MultiqueuePortTest {
    private static final int FLOWS = 32;

    @TempDir
    Path folder;
    private final Random random = new Random(23);
    private final StringBuffer problems = new StringBuffer();
    private CoreBench bench;
    private CoreBench.Machine peer;
    private Port port;
    private VhostRuntime runtime;
    private VhostPort vhost;
    private MultiqueueCard card;
    private final int[] sent = new int[FLOWS];
    /** Which frames of each flow came; frames of a flow on one queue come in order. */
    private final boolean[][] seen = new boolean[FLOWS][20_000];
    private final int[][] last = new int[FLOWS][Port.MAX_PAIRS];
    private int total;

    @BeforeEach
    void serve() {
        bench = new CoreBench(new IoOptions(-1, 30_000, Frames.GATEWAY_MAC, Frames.GATEWAY_IP));
        peer = bench.fixed(1, null);
        port = bench.core.addPort(new PortConfig("mq", Frames.mac(2), Frames.ip(2), null));
        runtime = new VhostRuntime("vhost", (path, what) -> problems.append(what).append('\n'));
        String path = folder.resolve("mq").toString();
        vhost = runtime.add(path, true, new BackEndConfig(Features.NET_OFFERED, Port.MAX_PAIRS, false),
                bench.core.handler(port));
        card = new MultiqueueCard(FrontEnd.connect(path), 4);
        for (int[] one : last) {
            Arrays.fill(one, -1);
        }
    }

    @AfterEach
    void close() {
        card.close();
        runtime.close();
        bench.close();
    }

    private byte[] frame(int flow, int sequence) {
        byte[] frame = Frames.udp(Frames.mac(2), Frames.mac(1), Frames.ip(1), Frames.ip(2), 4000 + flow, 9);
        ByteBuffer.wrap(frame).putInt(42, sequence).putInt(46, flow);
        return frame;
    }

    private void send() {
        int flow = random.nextInt(FLOWS);
        byte[] frame = frame(flow, sent[flow]);
        CoreBench.await("room", () -> peer.send(frame));
        sent[flow]++;
    }

    /** Takes what came, from rings that are disabled as well. */
    private void receive() {
        for (int pair = 0; pair < card.pairs(); pair++) {
            for (byte[] got = card.nic(pair).poll(); got != null; got = card.nic(pair).poll()) {
                if (ByteBuffer.wrap(got).getShort(12) == EtherLayout.TYPE_ARP) {
                    continue;   // where its neighbour is, told after a reconnection
                }
                int sequence = ByteBuffer.wrap(got).getInt(42);
                int flow = ByteBuffer.wrap(got).getInt(46);
                assertArrayEquals(frame(flow, sequence), got);
                assertFalse(seen[flow][sequence], "twice");
                assertTrue(last[flow][pair] < sequence, "order");
                last[flow][pair] = sequence;
                seen[flow][sequence] = true;
                total++;
            }
            card.refill(pair);
        }
    }

    private void awaitAll() {
        CoreBench.await("all frames", () -> {
            receive();
            return total == Arrays.stream(sent).sum();
        });
        assertEquals(0, port.drops(Drop.NO_BUFFERS) + port.drops(Drop.CLOSED));
    }

    @Test
    void severalPairsAreOffered() {
        assertTrue(Features.has(card.features(), Features.NET_MQ));
        assertEquals(Port.MAX_PAIRS, card.front.ask(new Request.Plain(RequestType.GET_QUEUE_NUM)));
        for (int pair = 0; pair < 4; pair++) {
            card.start(pair);
        }
        assertEquals(8, vhost.runningRings());
        for (int i = 0; i < 500; i++) {
            send();
            receive();
        }
        awaitAll();
        long each = 0;
        for (int pair = 0; pair < 4; pair++) {
            assertTrue(port.rxCounters(pair).frames() > 0);
            each += port.rxCounters(pair).frames();
        }
        assertEquals(500, each);
        assertEquals(4, port.pairs());
    }

    /** As a guest does that brings a processor up or down: QEMU disables and enables rings while frames come. */
    @Test
    void queuesComeAndGoInTheMiddleOfTraffic() {
        for (int pair = 0; pair < 4; pair++) {
            card.start(pair);
        }
        boolean[] enabled = {true, true, true, true};
        for (int i = 0; i < 20_000; i++) {
            send();
            if (random.nextInt(80) == 0) {
                int pair = 1 + random.nextInt(3);
                enabled[pair] = !enabled[pair];
                card.front.enable(2 * pair, enabled[pair]);
                card.front.enable(2 * pair + 1, enabled[pair]);
            }
            if (random.nextInt(16) == 0) {
                receive();
            }
        }
        awaitAll();
        assertEquals("", problems.toString());
    }

    /** The position of each ring is what it has taken, and the successor goes on there. */
    @Test
    void positionsAreKeptOverGetVringBaseAndReconnection() {
        card.start(0);
        card.start(1);
        for (int i = 0; i < 300; i++) {
            send();
            byte[] answer = Frames.udp(Frames.mac(1), Frames.mac(2), Frames.ip(2), Frames.ip(1), 9, 4000 + i % FLOWS);
            int pair = i % 3 == 0 ? 1 : 0;
            CoreBench.await("room", () -> card.send(pair, answer));
            receive();
            assertArrayEquals(answer, peer.await());
            peer.refill(64);
        }
        awaitAll();
        assertEquals(100, port.txCounters(1).frames());
        assertEquals(100, card.front.stop(3));
        assertEquals(200, card.front.stop(1));
        assertEquals(port.rxCounters(0).frames(), card.front.stop(0));
        assertEquals(port.rxCounters(1).frames(), card.front.stop(2));
        assertEquals(0, vhost.runningRings());
        card.reconnect();
        assertEquals(4, vhost.runningRings());
        for (int i = 0; i < 300; i++) {
            send();
            receive();
        }
        awaitAll();
        assertTrue(port.rxCounters(1).frames() > 0);
    }

    /** DPDK and QEMU say what they like in whatever order: a ring runs when it has all it needs, and only then. */
    @Test
    void aRingThatIsEnabledWithoutAddressesWaits() {
        card.start(0);
        card.front.tell(new Request.VringState(RequestType.SET_VRING_ENABLE, 2, 1));
        card.front.tell(new Request.VringState(RequestType.SET_VRING_ENABLE, 15, 1));
        assertEquals(2, vhost.runningRings());
        for (int i = 0; i < 100; i++) {
            send();
            receive();
        }
        awaitAll();
        card.start(1);
        assertEquals(4, vhost.runningRings());
        for (int i = 0; i < 100; i++) {
            send();
            receive();
        }
        awaitAll();
        assertTrue(port.rxCounters(1).frames() > 0);
    }

    /** No driver does this. */
    @Test
    void aCardWithoutItsFirstPairIsServed() {
        card.start(3);
        for (int i = 0; i < 100; i++) {
            send();
            receive();
        }
        awaitAll();
        assertEquals(100, port.rxCounters(3).frames());
    }

    @Test
    void ringsBeyondTheLimitEndTheSession() {
        for (int index : new int[] {2 * Port.MAX_PAIRS, 255, -1}) {
            card.start(0);
            card.front.send(new Request.VringState(RequestType.SET_VRING_ENABLE, index, 1), false);
            assertTrue(card.front.hungUp());
            assertTrue(problems.toString().contains(" does not exist, there are 16"), problems.toString());
            problems.setLength(0);
            card.reconnect();
        }
        for (int i = 0; i < 100; i++) {
            send();
            receive();
        }
        awaitAll();
    }

    /** Each ring has its part of the region. */
    @Test
    void theInflightRegionHasAPartForEachRing() {
        card.start(0);
        card.start(1);
        card.front.ask(new Request.Inflight(RequestType.GET_INFLIGHT_FD, 0, 0, 2 * Port.MAX_PAIRS,
                MultiqueueCard.RING));
        int fd = card.front.replyFd();
        assertTrue(fd >= 0);
        Fds.close(fd);
        assertEquals(4, vhost.runningRings());
        for (int i = 0; i < 100; i++) {
            send();
            receive();
        }
        awaitAll();
    }
}

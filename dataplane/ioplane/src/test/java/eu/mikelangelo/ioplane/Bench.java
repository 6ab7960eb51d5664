package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.mock.MockNic;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.ScatterList;
import java.util.ArrayList;
import java.util.List;

/**
 * A switch on the test's own thread with mock guests at its ports, a clock that is set, and an outlet that remembers.
 */
final class Bench {
    final List<Port> ports = new ArrayList<>();
    final List<MockNic> nics = new ArrayList<>();
    final List<List<Integer>> uplinkFrames = new ArrayList<>();
    int calls;
    /** So many calls fail from now on. */
    int failing;
    long nowNs = 1_000_000_000L;
    final Switch fabric;

    Bench(boolean gateway) {
        fabric = new Switch(new FrameRules(gateway ? Frames.GATEWAY_MAC : FrameRules.NO_GATEWAY, Frames.GATEWAY_IP),
                fd -> {
                    if (failing-- > 0) {
                        throw new InternalError("late");
                    }
                    calls++;
                });
    }

    /** A machine with a number, a fixed address and an uplink; number 0 makes an open port. */
    int machine(int number, int queueSize, int bufferBytes, long features) {
        return machine(number == 0 ? PortConfig.open("open" + ports.size())
                : new PortConfig("m" + number, Frames.mac(number), Frames.ip(number), null), queueSize, bufferBytes,
                features);
    }

    /** A port of any kind; one with an address has an uplink. */
    int machine(PortConfig config, int queueSize, int bufferBytes, long features) {
        int index = ports.size();
        Port port = new Port(config);
        assertTrue(fabric.add(port, nowNs));
        MockNic nic = new MockNic(queueSize, bufferBytes, features);
        attach(port, 0, nic);
        List<Integer> sent = new ArrayList<>();
        uplinkFrames.add(sent);
        if (config.ipv4() != 0) {
            port.outlet = (fabric, frame, length, nowNs) -> {
                assertEquals(frame.bytes(), length);
                sent.add(length);
                return null;
            };
        }
        nic.refill(queueSize);
        ports.add(port);
        nics.add(nic);
        return index;
    }

    /** Both queues of a pair, to be served from now on. */
    void attach(Port port, int index, MockNic nic) {
        Pair pair = port.pair(index);
        assertEquals(QueueFault.NONE, pair.rx.attach(nic.guest().memory(), nic.receiver().config()));
        assertEquals(QueueFault.NONE, pair.tx.attach(nic.guest().memory(), nic.transmitter().config()));
        pair.rxCallFd = 0;
        pair.txCallFd = 1;
        fabric.relist(port);
    }

    int machine(int number) {
        return machine(number, 64, 2048, Features.VERSION_1 | Features.NET_MRG_RXBUF);
    }

    /** An open port of which something is asked. */
    int open(PortPolicy policy) {
        return machine(new PortConfig("open" + ports.size(), PortConfig.ANY_MAC, 0, null, new long[0], policy), 64,
                2048, Features.VERSION_1 | Features.NET_MRG_RXBUF);
    }

    int turn() {
        int moved = 0;
        fabric.begin();
        // By index: an iterator would be found by the test that measures allocation.
        for (int i = 0; i < ports.size(); i++) {
            int now = fabric.burst(ports.get(i), nowNs);
            // As the core does.
            if (now > 0) {
                fabric.flush();
            }
            moved += now;
        }
        return moved;
    }

    boolean fromUplink(int index, ScatterList frame, int length) {
        boolean taken = fabric.fromUplink(ports.get(index), frame, length, nowNs);
        fabric.flush();
        return taken;
    }

    /**
     * Sends one frame from a machine, runs a turn, and returns who received it: a bit per port, and 1 << 30 for the
     * uplink.
     */
    int reach(int from, byte[] frame) {
        int uplinkBefore = uplinkFrames.get(from).size();
        assertTrue(nics.get(from).send(frame));
        assertEquals(1, turn());
        int reached = 0;
        for (int i = 0; i < nics.size(); i++) {
            byte[] got = nics.get(i).poll();
            if (got != null) {
                assertArrayEquals(frame, got);
                reached |= 1 << i;
            }
            nics.get(i).refill(64);
        }
        return reached | (uplinkFrames.get(from).size() > uplinkBefore ? 1 << 30 : 0);
    }
}

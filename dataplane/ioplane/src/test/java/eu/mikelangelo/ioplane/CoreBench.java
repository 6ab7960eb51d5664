package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.vhost.BackendHandler;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.mock.MockNic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** A running core, mock guests attached to it as a vhost-user session would attach them, real eventfds. */
final class CoreBench implements AutoCloseable {
    static final long FEATURES = Features.VERSION_1 | Features.NET_MRG_RXBUF | Features.EVENT_IDX;

    final DistinctErrors errors = new DistinctErrors();
    final IoCore core;
    final List<Machine> machines = new ArrayList<>();
    private final HotCalls calls = new HotCalls();

    CoreBench(IoOptions options) {
        core = new IoCore(options, errors);
        core.start();
    }

    final class Machine {
        final Port port;
        final BackendHandler handler;
        final MockNic nic;
        final int[] kicks = {Fds.eventFd(), Fds.eventFd()};
        final int[] called = {Fds.eventFd(), Fds.eventFd()};

        Machine(PortConfig config, MockNic nic) {
            this.nic = nic;
            port = core.addPort(config);
            handler = core.handler(port);
            handler.features(FEATURES);
            handler.memory(nic.guest().memory());
            handler.startRing(0, nic.receiver().config(), kicks[0], called[0]);
            handler.startRing(1, nic.transmitter().config(), kicks[1], called[1]);
        }

        boolean send(byte[] frame) {
            return send(new byte[0], frame);
        }

        boolean send(byte[] header, byte[] frame) {
            boolean sent = nic.send(header, frame, 0, false);
            if (nic.transmitter().needsKick()) {
                calls.signal(kicks[1]);
            }
            return sent;
        }

        void refill(int count) {
            nic.refill(count);
            if (nic.receiver().needsKick()) {
                calls.signal(kicks[0]);
            }
        }

        byte[] await() {
            byte[][] got = new byte[1][];
            CoreBench.await("a frame for " + port.name(), () -> (got[0] = nic.poll()) != null);
            return got[0];
        }

        boolean wasCalled(int ring) {
            return calls.drain(called[ring]) == 0;
        }
    }

    Machine machine(PortConfig config) {
        return machine(config, new MockNic(64, 2048, FEATURES));
    }

    Machine machine(PortConfig config, MockNic nic) {
        nic.refill(64);
        Machine machine = new Machine(config, nic);
        machines.add(machine);
        return machine;
    }

    Machine fixed(int number, String uplink) {
        return machine(new PortConfig("m" + number, Frames.mac(number), Frames.ip(number), uplink));
    }


    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "waited in vain for " + what);
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        core.close();
        for (Machine machine : machines) {
            for (int i = 0; i < 2; i++) {
                Fds.close(machine.kicks[i]);
                Fds.close(machine.called[i]);
            }
        }
    }
}

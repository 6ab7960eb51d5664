package eu.mikelangelo.plane;

import eu.mikelangelo.linux.FdSocket;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.Request;
import eu.mikelangelo.vhost.RequestType;
import eu.mikelangelo.vhost.VhostCodec;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.mock.MockGuest;
import eu.mikelangelo.virtio.mock.MockNic;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A guest with a network card for a plane in another process: its memory is a file, it speaks vhost-user. */
final class MockFrontEnd implements AutoCloseable {
    static final int QUEUE = 256;
    private static final int BUFFER = 2048;
    private static final long FEATURES = Features.VERSION_1 | Features.NET_MRG_RXBUF | Features.EVENT_IDX;

    final MockNic nic;
    private final Arena arena = Arena.ofShared();
    private final int file;
    private final int socket;
    private final int[] kicks = {Fds.eventFd(), Fds.eventFd()};
    private final int[] calls = {Fds.eventFd(), Fds.eventFd()};
    private final HotCalls hot = new HotCalls();
    private final FdSocket io = new FdSocket();
    private final MemorySegment bytes = Arena.ofAuto().allocate(VhostCodec.MAX_MESSAGE, 8);
    private final ByteBuffer message = bytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);

    /** Connects to where a plane listens and starts both rings. */
    MockFrontEnd(Path path) {
        long size = MockNic.memoryBytes(QUEUE, BUFFER) + MockGuest.OVERHEAD + 4095 & -4096;
        file = Fds.memFd("guest", size);
        Fds.addSeals(file, Fds.F_SEAL_SHRINK);
        MemorySegment backing = Mappings.shared(file, 0, size, arena);
        nic = new MockNic(new MockGuest(backing), QUEUE, BUFFER, FEATURES);
        nic.refill(QUEUE);
        socket = UnixSockets.connect(path.toString());
        send(new Request.Number(RequestType.SET_FEATURES, FEATURES));
        table(backing);
        ring(0, nic.receiver().config());
        ring(1, nic.transmitter().config());
    }

    private void table(MemorySegment backing) {
        GuestMemory memory = nic.guest().memory();
        List<Request.MemoryRegion> regions = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            regions.add(new Request.MemoryRegion(memory.guestStart(i), memory.region(i).size(), memory.userStart(i),
                    memory.region(i).segment().address() - backing.address()));
        }
        send(new Request.MemoryTable(regions), file, file, file);
    }

    private void ring(int index, QueueConfig config) {
        send(new Request.VringState(RequestType.SET_VRING_NUM, index, config.size()));
        send(new Request.VringState(RequestType.SET_VRING_BASE, index, config.nextAvail()));
        send(new Request.VringAddress(index, 0, config.descriptorUser(), config.usedUser(), config.availUser(), 0));
        send(new Request.VringFd(RequestType.SET_VRING_CALL, index, true), calls[index]);
        send(new Request.VringFd(RequestType.SET_VRING_KICK, index, true), kicks[index]);
        send(new Request.VringState(RequestType.SET_VRING_ENABLE, index, 1));
    }

    private void send(Request request, int... fds) {
        VhostCodec.encode(request, false, message);
        int length = message.limit();
        PlaneProcess.await(() -> io.send(socket, bytes, 0, length, fds, fds.length) == length);
    }

    /** Sends a frame, and kicks when that is wanted. */
    void send(byte[] frame) {
        PlaneProcess.await(() -> nic.send(frame));
        if (nic.transmitter().needsKick()) {
            hot.signal(kicks[1]);
        }
    }

    /** The next frame; its buffer is offered again. */
    byte[] receive() {
        byte[][] got = new byte[1][];
        PlaneProcess.await(() -> (got[0] = nic.poll()) != null);
        nic.refill(1);
        return got[0];
    }

    @Override
    public void close() {
        for (int fd : new int[] {socket, file, kicks[0], kicks[1], calls[0], calls[1]}) {
            Fds.close(fd);
        }
        arena.close();
    }
}

package eu.mikelangelo.plane;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.FdSocket;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.vhost.Request;
import eu.mikelangelo.vhost.RequestType;
import eu.mikelangelo.vhost.VhostCodec;
import eu.mikelangelo.virtio.Features;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;

/**
 * A vhost-user front-end whose first call does not return: its eventfd is full, and made blocking again behind the
 * plane's back. The core makes that call when the ring starts.
 */
final class HostileFrontEnd implements AutoCloseable {
    private static final long USER = 0x7f00_0000_0000L;
    private static final int SIZE = 64 << 10;

    private final int listener;
    private final int memory = Fds.memFd("guest", SIZE);
    private final int kick = Fds.eventFd();
    private final int call = Fds.eventFd();
    private final FdSocket io = new FdSocket();
    private final MemorySegment bytes = Arena.ofAuto().allocate(VhostCodec.MAX_MESSAGE, 8);
    private final ByteBuffer message = bytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    private int socket = -Errno.EAGAIN;

    HostileFrontEnd(Path path) {
        listener = UnixSockets.listen(path.toString(), 4);
        Fds.addSeals(memory, Fds.F_SEAL_SHRINK);
    }

    /** Waits for the plane, then starts the receive ring and with it the call that does not return. */
    void hold() {
        PlaneProcess.await(() -> (socket = UnixSockets.accept(listener)) != -Errno.EAGAIN);
        send(new Request.Number(RequestType.SET_FEATURES, Features.VERSION_1));
        send(new Request.MemoryTable(List.of(new Request.MemoryRegion(0, SIZE, USER, 0))), memory);
        send(new Request.VringState(RequestType.SET_VRING_NUM, 0, 64));
        send(new Request.VringState(RequestType.SET_VRING_BASE, 0, 0));
        send(new Request.VringAddress(0, 0, USER, USER + 0x3000, USER + 0x2000, 0));
        send(new Request.VringState(RequestType.SET_VRING_ENABLE, 0, 1));
        send(new Request.VringFd(RequestType.SET_VRING_CALL, 0, true), call);
        // Its answer says that the call descriptor has been taken over, and made non-blocking.
        send(new Request.Plain(RequestType.GET_FEATURES));
        FdList none = new FdList(1);
        PlaneProcess.await(() -> io.receive(socket, bytes, 0, VhostCodec.MAX_MESSAGE, none) > 0);
        Fds.nonBlocking(call, false);
        MemorySegment full = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, -2L);
        if (new HotCalls().write(call, full, 0, Long.BYTES) != Long.BYTES) {
            throw new AssertionError("the counter was not empty");
        }
        send(new Request.VringFd(RequestType.SET_VRING_KICK, 0, true), kick);
    }

    private void send(Request request, int... fds) {
        VhostCodec.encode(request, false, message);
        int length = message.limit();
        PlaneProcess.await(() -> io.send(socket, bytes, 0, length, fds, fds.length) == length);
    }

    @Override
    public void close() {
        for (int fd : new int[] {socket, listener, memory, kick, call}) {
            Fds.close(fd);
        }
    }
}

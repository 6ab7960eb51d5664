package eu.mikelangelo.plane;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.vhost.Request;
import eu.mikelangelo.vhost.RequestType;
import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.vhost.frontend.GuestRam;
import eu.mikelangelo.virtio.Features;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * A vhost-user front-end whose first call does not return: its eventfd is full, and made blocking again behind the
 * plane's back. The core makes that call when the ring starts.
 */
final class HostileFrontEnd implements AutoCloseable {
    private static final long USER = 0x7f00_0000_0000L;
    private static final int SIZE = 64 << 10;

    private final FrontEnd front;
    private final GuestRam memory = new GuestRam(0, USER, SIZE);
    private final int kick = Fds.eventFd();
    private final int call = Fds.eventFd();

    HostileFrontEnd(Path path) {
        front = FrontEnd.listen(path.toString()).patience(30_000_000_000L);
    }

    /** Waits for the plane, then starts the receive ring and with it the call that does not return. */
    void hold() {
        front.await();
        send(new Request.Number(RequestType.SET_FEATURES, Features.VERSION_1));
        send(new Request.MemoryTable(List.of(memory.region())), memory.fd());
        send(new Request.VringState(RequestType.SET_VRING_NUM, 0, 64));
        send(new Request.VringState(RequestType.SET_VRING_BASE, 0, 0));
        send(new Request.VringAddress(0, 0, USER, USER + 0x3000, USER + 0x2000, 0));
        send(new Request.VringState(RequestType.SET_VRING_ENABLE, 0, 1));
        send(new Request.VringFd(RequestType.SET_VRING_CALL, 0, true), call);
        // Its answer says that the call descriptor has been taken over, and made non-blocking.
        front.ask(new Request.Plain(RequestType.GET_FEATURES));
        Fds.nonBlocking(call, false);
        MemorySegment full = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, -2L);
        if (new HotCalls().write(call, full, 0, Long.BYTES) != Long.BYTES) {
            throw new AssertionError("the counter was not empty");
        }
        send(new Request.VringFd(RequestType.SET_VRING_KICK, 0, true), kick);
    }

    private void send(Request request, int... fds) {
        front.send(request, false, fds);
    }

    @Override
    public void close() {
        front.close();
        memory.close();
        Fds.close(kick);
        Fds.close(call);
    }
}

package eu.mikelangelo.plane;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.FdSocket;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.vhost.BackEndConfig;
import eu.mikelangelo.vhost.Request;
import eu.mikelangelo.vhost.RequestType;
import eu.mikelangelo.vhost.VhostCodec;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.SplitRingLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * QEMU and its guest, as far as a rehearsal needs them: listens for the plane, says what QEMU 7.2 says when a killed
 * plane's successor connects, and sends one frame at a time. One thread.
 */
final class RehearsedGuest implements AutoCloseable {
    private static final long PATIENCE_NS = 10_000_000_000L;
    private static final long PAUSE_NS = 1_000_000;
    private static final long USER = 0x7f00_0000_0000L;
    private static final int BYTES = 1 << 20;
    private static final int SIZE = 64;
    private static final int BUFFER_BYTES = 2048;
    /** Where a ring's parts and buffers are, from the ring's beginning on. */
    private static final int AVAIL = 0x1000;
    private static final int USED = 0x2000;
    private static final int BUFFERS = 0x4000;
    private static final int RING_BYTES = BYTES / 2;

    private final int listener;
    private final int memory = Fds.memFd("rehearsal", BYTES);
    private final int[] kicks = {Fds.eventFd(), Fds.eventFd()};
    private final int[] calls = {Fds.eventFd(), Fds.eventFd()};
    private final Arena arena = Arena.ofShared();
    private final Region ram;
    private final FdSocket io = new FdSocket();
    private final HotCalls hot = new HotCalls();
    private final MemorySegment bytes = arena.allocate(VhostCodec.MAX_MESSAGE, 8);
    private final ByteBuffer message = bytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    private int socket = -1;
    private int sent;

    RehearsedGuest(Path path) {
        listener = UnixSockets.listen(path.toString(), 4);
        Fds.addSeals(memory, Fds.F_SEAL_SHRINK);
        ram = new Region(Mappings.shared(memory, 0, BYTES, arena));
        for (int i = 0; i < SIZE; i++) {
            int at = SplitRingLayout.DESCRIPTOR_SIZE * i;
            ram.u64(at + SplitRingLayout.DESCRIPTOR_ADDRESS, BUFFERS + (long) BUFFER_BYTES * i);
            ram.u64(at + SplitRingLayout.DESCRIPTOR_LENGTH, (long) SplitRingLayout.FLAG_WRITE << 32 | BUFFER_BYTES);
            ram.u16(AVAIL + SplitRingLayout.AVAIL_RING + 2L * i, i);
        }
        ram.u16Release(AVAIL + SplitRingLayout.AVAIL_INDEX, SIZE);
    }

    /** Something that is soon so; the time is over otherwise. */
    interface Soon {
        boolean isSo() throws IOException;
    }

    /** Waits for it. */
    static void await(String what, Soon soon) throws IOException {
        long deadline = Clock.nowNs() + PATIENCE_NS;
        while (!soon.isSo()) {
            if (Clock.nowNs() > deadline) {
                throw new IOException("rehearsal: not within 10 s: " + what);
            }
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    /** Waits for the plane and starts both rings. */
    void begin() throws IOException {
        await("a plane connects", () -> (socket = UnixSockets.accept(listener)) != -Errno.EAGAIN);
        ask(new Request.Plain(RequestType.GET_FEATURES));
        ask(new Request.Plain(RequestType.GET_PROTOCOL_FEATURES));
        send(new Request.Number(RequestType.SET_PROTOCOL_FEATURES, BackEndConfig.MQ));
        ask(new Request.Plain(RequestType.GET_QUEUE_NUM));
        send(new Request.Plain(RequestType.SET_OWNER));
        for (int ring = 0; ring < 2; ring++) {
            send(new Request.VringFd(RequestType.SET_VRING_CALL, ring, true), calls[ring]);
            send(new Request.VringState(RequestType.SET_VRING_ENABLE, ring, 1));
        }
        send(new Request.Number(RequestType.SET_FEATURES, Features.VERSION_1 | Features.NET_MRG_RXBUF
                | Features.EVENT_IDX | Features.INDIRECT_DESC | BackEndConfig.PROTOCOL_FEATURES));
        send(new Request.MemoryTable(List.of(new Request.MemoryRegion(0, BYTES, USER, 0))), memory);
        for (int ring = 0; ring < 2; ring++) {
            int at = RING_BYTES * ring;
            send(new Request.VringState(RequestType.SET_VRING_NUM, ring, SIZE));
            send(new Request.VringState(RequestType.SET_VRING_BASE, ring, 0));
            send(new Request.VringAddress(ring, 0, USER + at, USER + at + USED, USER + at + AVAIL, 0));
            send(new Request.VringFd(RequestType.SET_VRING_KICK, ring, true), kicks[ring]);
            send(new Request.VringFd(RequestType.SET_VRING_CALL, ring, true), calls[ring]);
        }
        ask(new Request.Plain(RequestType.GET_FEATURES));
    }

    /** Sends a frame of no protocol and kicks; at most {@value #SIZE} between begin and end. */
    void send(long target, long source, int length) {
        int slot = sent++ & SIZE - 1;
        int at = RING_BYTES + BUFFERS + BUFFER_BYTES * slot;
        int frame = at + NetHeaderLayout.SIZE;
        ram.big48(frame, target);
        ram.big48(frame + 6, source);
        ram.big16(frame + 12, 0x88b5);
        int descriptor = RING_BYTES + SplitRingLayout.DESCRIPTOR_SIZE * slot;
        ram.u64(descriptor + SplitRingLayout.DESCRIPTOR_ADDRESS, at);
        ram.u64(descriptor + SplitRingLayout.DESCRIPTOR_LENGTH, NetHeaderLayout.SIZE + length);
        int avail = RING_BYTES + AVAIL;
        ram.u16(avail + SplitRingLayout.AVAIL_RING + SplitRingLayout.AVAIL_ENTRY_SIZE * slot, slot);
        ram.u16Release(avail + SplitRingLayout.AVAIL_INDEX, sent & 0xffff);
        hot.signal(kicks[1]);
    }

    /** Stops both rings, as a guest that shuts down, and hangs up. */
    void end() throws IOException {
        for (int ring = 0; ring < 2; ring++) {
            ask(new Request.VringState(RequestType.GET_VRING_BASE, ring, 0));
        }
        Fds.close(socket);
        socket = -1;
        sent = 0;
        ram.u16(RING_BYTES + AVAIL + SplitRingLayout.AVAIL_INDEX, 0);
        ram.u16(RING_BYTES + USED + SplitRingLayout.USED_INDEX, 0);
        ram.u16(USED + SplitRingLayout.USED_INDEX, 0);
    }

    private void ask(Request request) throws IOException {
        send(request);
        await("an answer to " + request, () -> io.receive(socket, bytes, 0, VhostCodec.MAX_MESSAGE, new FdList(1)) > 0);
    }

    private void send(Request request, int... fds) throws IOException {
        VhostCodec.encode(request, false, message);
        int length = message.limit();
        await("the plane takes " + request, () -> io.send(socket, bytes, 0, length, fds, fds.length) == length);
    }

    @Override
    public void close() {
        for (int fd : new int[] {socket, listener, memory, kicks[0], kicks[1], calls[0], calls[1]}) {
            Fds.close(fd);
        }
        arena.close();
    }
}
